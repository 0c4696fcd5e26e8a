"""The schema of a recipe: every key, with a description under each.

A recipe is a YAML file of these sections. Unknown keys, wrong types and values out of range are refused before anything
loads, with one line each for the key, the value and the fix (`whet.recipe`).
"""

from whet.config.data import DataConfig, KeepConfig, SourceConfig
from whet.config.engines import RayConfig, RolloutConfig, VllmConfig
from whet.config.format import FormatConfig, TagsConfig
from whet.config.model import LoraConfig, ModelConfig
from whet.config.objectives import ObjectiveConfig
from whet.config.recipe import CheckConfig, ComputeConfig, Config, EvalConfig, RayProcessesConfig, RunConfig
from whet.config.rewards import RewardConfig, Weight, WeightConfig
from whet.config.section import Section
from whet.config.tracking import PushConfig, TrackerConfig
from whet.config.training import CurriculumConfig, GrpoConfig, OptimizerConfig, ReplayConfig, SamplingConfig, SftConfig

__all__ = [
    "CheckConfig",
    "ComputeConfig",
    "Config",
    "CurriculumConfig",
    "DataConfig",
    "EvalConfig",
    "FormatConfig",
    "GrpoConfig",
    "KeepConfig",
    "LoraConfig",
    "ModelConfig",
    "ObjectiveConfig",
    "OptimizerConfig",
    "PushConfig",
    "RayConfig",
    "RayProcessesConfig",
    "ReplayConfig",
    "RewardConfig",
    "RolloutConfig",
    "RunConfig",
    "SamplingConfig",
    "Section",
    "SftConfig",
    "SourceConfig",
    "TagsConfig",
    "TrackerConfig",
    "VllmConfig",
    "Weight",
    "WeightConfig",
]

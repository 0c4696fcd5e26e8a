"""The commands that give a model away: export and push."""

from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from whet.cli.common import Json, Name, RunOrModel
from whet.cli.terminal import console, prepare, tell


def export(
    what: RunOrModel,
    /,
    *,
    to: Annotated[Path, arg(metavar="PATH", help="a folder, or a file that ends in .zip or .gguf")],
    kind: Name = None,
    type: Name = None,
    adapter: bool = False,
    replace: bool = False,
    json: Json = False,
) -> None:
    """Export a model to other programs; it is loaded again and compared with the original on held-out prompts.

    Args:
        kind: hf (a folder), zip, gguf (llama.cpp) or ollama (a folder with GGUF and Modelfile).
        type: f32, f16, bf16, or q8_0 in GGUF; the default is the weights' own, and f16 in GGUF.
        adapter: the LoRA adapters alone, as peft has them; otherwise they are merged.
        replace: put it in place of what is there.
    """
    prepare()
    from whet.cli.export_page import export_page
    from whet.export.exporting import export as run

    done = run(what, to, kind, type, adapter, replace, console(stderr=True).print)
    tell(json, done.as_dict(), export_page(done))


def push(
    run: Annotated[str, Positional, arg(metavar="RUN", help="a run, or RUN:step-N")],
    repo: Annotated[str, Positional, arg(metavar="REPO", help="owner/name on the hub, or a name of your own")],
    /,
    *,
    public: bool = False,
    dry_run: bool = False,
) -> None:
    """Upload a run's model to the Hugging Face hub, with a model card of its evaluations.

    Args:
        public: make a repository that is created for it public.
        dry_run: print the card and stop.
    """
    prepare()
    from whet.publish.push import push_run

    print(push_run(run, repo, not public, dry_run, console(stderr=True).print))

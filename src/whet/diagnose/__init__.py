"""Diagnosis of a run before training (`whet check`) and during it (health detectors), with the fix for each finding."""

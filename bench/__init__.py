"""The load rig: figures, always as ratios against something measured in the same run on the same machine."""

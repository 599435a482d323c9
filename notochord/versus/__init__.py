"""The original Notochord beside ours: its network trained on our corpus, rated and timed alike.

The original's package is called `notochord` too, so it lives in an environment and a process of
its own (`make versus` makes it). `worker`, `original`, `playing`, `bins` and `wire` run over
there, where this folder is the package `versus`: they import nothing of ours but each other.
`link`, `sizes`, `train`, `evaluate` and `speed` run here. README.md says how the two are made
comparable.
"""

"""The private cluster behind `celerytui demo`, and a standing picture of one."""

from celerytui.demo.cluster import DemoCluster, run_demo

__all__ = ["DemoCluster", "run_demo"]

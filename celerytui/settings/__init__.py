"""Every setting: flags, then environment variables, then the config file, then defaults.

A setting is one field of `Settings` and one `Option` in `OPTIONS`. Its flags, its environment
variable, its key in the config file and its page in docs/configuration.md follow from those two.
"""

from celerytui.settings.load import CONF_VARIABLE, SERVICE_VARIABLE, load
from celerytui.settings.options import DEFAULTS, ENV_PREFIX, OPTIONS, TABLES, Kind, Option, Settings
from celerytui.settings.values import convert, parse_duration, suggestion

__all__ = [
    "CONF_VARIABLE",
    "DEFAULTS",
    "ENV_PREFIX",
    "OPTIONS",
    "SERVICE_VARIABLE",
    "TABLES",
    "Kind",
    "Option",
    "Settings",
    "convert",
    "load",
    "parse_duration",
    "suggestion",
]

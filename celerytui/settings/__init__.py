"""Every setting: flags, then environment variables, then the config file, then defaults.

A setting is one field of `Settings` and one `Option` in `OPTIONS`. Its flags, its environment
variable, its key in the config file and its page in docs/configuration.md follow from those two.
"""

from celerytui.settings.load import CONF_VARIABLE, SERVICE_VARIABLE, load
from celerytui.settings.options import (
    DEFAULTS,
    ENV_PREFIX,
    HISTORY_DEFAULT,
    OPTIONS,
    TABLES,
    Keeping,
    Kind,
    Option,
    Settings,
)
from celerytui.settings.values import (
    convert,
    history_url,
    names_history,
    parse_duration,
    suggestion,
)

__all__ = [
    "CONF_VARIABLE",
    "DEFAULTS",
    "ENV_PREFIX",
    "HISTORY_DEFAULT",
    "OPTIONS",
    "SERVICE_VARIABLE",
    "TABLES",
    "Keeping",
    "Kind",
    "Option",
    "Settings",
    "convert",
    "history_url",
    "load",
    "names_history",
    "parse_duration",
    "suggestion",
]

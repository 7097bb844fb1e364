"""What tests of several folders stand on."""

pytest_plugins = ["pytester", "tests.stack", "tests.installed", "tests.sharing"]

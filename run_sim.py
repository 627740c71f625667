# -*- coding: utf-8 -*-  # noqa: UP009  (Python 2 is told as well)
"""The door: ``python run_sim.py run`` in a study's folder. The same as the command sdensemble."""

import sys

WRONG_PYTHON = """\
错误：这个 Python（{here}，{version}）{zh}。
    请用安装时建立的环境：.venv/bin/python run_sim.py …
    （Windows：.venv\\Scripts\\python run_sim.py …）；还没有安装的，见 README.zh.md 的“运行”一节。
error: this Python ({here}, {version}) {en}.
    Use that of the environment: .venv/bin/python run_sim.py … (Windows: .venv\\Scripts\\python);
    if there is none yet, see "Run" in README.md."""


def wrong(zh, en):
    """End with what is wrong with this Python and which one to use."""
    version = "{}.{}".format(*sys.version_info)
    sys.exit(WRONG_PYTHON.format(here=sys.executable, version=version, zh=zh, en=en))


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036  whoever starts it with another is who is told
        wrong("太旧，需要 3.11 或更新的版本", "is too old: the program needs 3.11 or later")
    try:
        from sdensemble.verbs.cli import main
    except KeyboardInterrupt:  # before there is anything that could say so
        sys.exit(130)
    except ImportError as error:
        wrong(
            "里没有本程序所需的软件包（" + str(error.name) + "）",
            "lacks what the program needs (" + str(error.name) + ")",
        )
    main(prog_name="run_sim.py")

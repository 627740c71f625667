"""The door: ``python run_sim.py run`` in a study's folder. The same as the command sdensemble."""

import sys

WRONG_PYTHON = """\
错误：这个 Python（{here}，{version}）里没有本程序所需的软件包（{missing}）。
    请用安装时建立的环境：.venv/bin/python run_sim.py …
    （Windows：.venv\\Scripts\\python run_sim.py …）；还没有安装的，见 README.zh.md 的“运行”一节。
error: this Python ({here}, {version}) lacks what the program needs ({missing}).
    Use that of the environment: .venv/bin/python run_sim.py … (Windows: .venv\\Scripts\\python);
    if there is none yet, see "Run" in README.md."""

if __name__ == "__main__":
    try:
        from sdensemble.verbs.cli import main
    except (ImportError, SyntaxError) as error:  # an older Python fails on the syntax
        version = "{}.{}".format(*sys.version_info)
        missing = getattr(error, "name", None) or "Python 3.11"
        sys.exit(WRONG_PYTHON.format(here=sys.executable, version=version, missing=missing))
    main(prog_name="run_sim.py")

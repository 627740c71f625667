"""The door: ``python run_sim.py run`` in a study's folder. The same as the command sdensemble."""

from sdensemble.cli import main

if __name__ == "__main__":
    main(prog_name="run_sim.py")

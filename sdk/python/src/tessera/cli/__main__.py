from tessera.cli import run

run()

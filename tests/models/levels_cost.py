"""What code for several levels costs: a table of the library's bytes, and of the seconds of processor time that `ingot compile --emit library` and g++ (of the
emitted C++, with ingot_add_model's flags) take, for one target and for x86-64.

usage: levels_cost.py INGOT MODEL...
"""
import pathlib
import resource
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "generated")]
import check  # noqa: E402
import models  # noqa: E402

TARGETS = ("x86-64-v3", "x86-64")
LEVELS = ("x86-64-v1", "x86-64-v3", "x86-64-v4")


def seconds(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([str(word) for word in command], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cost(ingot, model, target, folder):
    """Bytes of the library, seconds to make it, seconds of g++."""
    compile_model = [ingot, "compile", model.path, "--name", "model", "--target", target, *model.options()]
    made = seconds(*compile_model, "--emit", "library", "-o", folder / "library")
    built = 0
    subprocess.run([str(word) for word in [*compile_model, "-o", folder / "sources"]], check=True)
    for source in check.sources(folder / "sources"):
        level = next((level for level in LEVELS if source.name.startswith("model_" + level.replace("-", "_"))), LEVELS[0] if target == "x86-64" else target)
        built += seconds("g++", *check.FLAGS, *check.target_flags(level), *check.includes(folder / "sources"), "-c", source, "-o", folder / "object.o")
    return (folder / "library" / "libmodel.a").stat().st_size, made, built


def main():
    ingot, *names = sys.argv[1:]
    print("| model | " + " | ".join(f"{target}: MB | compiled in | g++" for target in TARGETS) + " |\n|" + "---|" * (1 + 3 * len(TARGETS)))
    for name in names:
        row = f"| {name} |"
        for target in TARGETS:
            with tempfile.TemporaryDirectory() as folder:
                size, made, built = cost(ingot, models.MODELS[name], target, pathlib.Path(folder))
            row += f" {size / 1e6:.3g} | {made:.2g} s | {built:.2g} s |"
        print(row, flush=True)


if __name__ == "__main__":
    main()

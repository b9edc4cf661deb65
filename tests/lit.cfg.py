"""lit's configuration: RUN lines see ingot-opt, ingot, FileCheck, not and split-file, and `%{python}`.

`ctest` passes the build folder as --param build=DIR; alone, `lit tests/lower` takes build/ of this checkout.
"""

import os
import sys

import lit.formats

config.name = "ingot"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(os.path.abspath(__file__))

root = os.path.dirname(config.test_source_root)
build = os.path.abspath(lit_config.params.get("build", os.path.join(root, "build")))
llvm_tools = lit_config.params.get("llvm_tools", "/usr/lib/llvm-22/bin")
config.test_exec_root = os.path.join(build, "tests", "lit")

config.environment["PATH"] = os.pathsep.join(
    [os.path.join(build, "bin"), llvm_tools, config.environment.get("PATH", "")]
)
config.environment["PYTHONPATH"] = os.path.join(root, "tests")
config.substitutions.append(("%{python}", sys.executable))
config.substitutions.append(("%{root}", root))

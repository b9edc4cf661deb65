//===- ingot.cpp - the command line ---------------------------------------===//
#include "compiler/driver/Commands.h"
#include "compiler/driver/Stages.h"
#include "compiler/support/Target.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/Signals.h"
#include <CLI/CLI.hpp>
#include <cstdio>
#include <sstream>

using namespace ingot;

/// Text before and after the last '='. Names of values may hold '=', shapes and paths hardly do.
static std::pair<std::string, std::string> splitAssignment(const std::string &text, const char *form) {
  size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw CLI::ValidationError("'" + text + "' is not of the form " + form);
  return {text.substr(0, at), text.substr(at + 1)};
}

static std::vector<int64_t> parseShape(const std::string &text) {
  std::vector<int64_t> shape;
  if (text == "scalar")
    return shape;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    size_t used = 0;
    int64_t dim = 0;
    if (!part.empty() && part.size() <= 18 && part.find_first_not_of("0123456789") == std::string::npos)
      dim = std::stoll(part, &used);
    if (used == 0)
      throw CLI::ValidationError("'" + text + "' is not a shape; give numbers with commas between: 1,3,224,224");
    shape.push_back(dim);
  }
  return shape;
}

static std::vector<int64_t> parseImageSize(const std::string &text) {
  std::vector<int64_t> size = parseShape(text);
  if (size.size() != 2 || llvm::any_of(size, [](int64_t pixels) { return pixels < 1 || pixels > int64_t(1) << 20; }))
    throw CLI::ValidationError("'" + text + "' is not the size of a picture; give its height and its width: 1080,1920");
  return size;
}

/// What `[2,3;4]` or `none` says of a sequence or an optional; nullopt where the text is the shape of a tensor.
static std::optional<ListShape> parseList(const std::string &text) {
  if (text == "none")
    return ListShape{true, {}};
  if (text.size() < 2 || text.front() != '[' || text.back() != ']')
    return std::nullopt;
  ListShape list;
  std::istringstream stream(text.substr(1, text.size() - 2));
  for (std::string part; std::getline(stream, part, ';');)
    list.elements.push_back(parseShape(part));
  return list;
}

static std::string isTarget(const std::string &name) {
  return Target::find(name) ? std::string() : "unknown target '" + name + "'; `ingot targets` lists them";
}

/// Options of every command that reads a model, but for the file itself.
static void addModelOptions(CLI::App &command, ModelOptions &options, bool hasTarget) {
  command
      .add_option_function<std::vector<std::string>>(
          "--shape",
          [&options](const std::vector<std::string> &texts) {
            for (const std::string &text : texts) {
              auto [name, shape] = splitAssignment(text, "NAME=D0,D1,...");
              if (std::optional<ListShape> list = parseList(shape))
                options.lists.emplace_back(name, *list);
              else
                options.shapes.emplace_back(name, parseShape(shape));
            }
          },
          "the shape of an input whose sizes the model leaves open; [D0,D1;D0;scalar] of a sequence's elements, none of an optional that is "
          "absent. Of an output: a promise that the code checks")
      ->type_name("NAME=D0,D1,...")
      ->allow_extra_args(false);
  command
      .add_option("--state", options.states,
                  "an output that is the next value of an input, kept in the model's state between calls")
      ->type_name("INPUT:OUTPUT")
      ->allow_extra_args(false);
  command
      .add_option("--string-bytes", options.stringBytes,
                  "room in the arena for the strings that the model makes; else 128 for each of them, and at least 4096")
      ->type_name("N")
      ->check(CLI::Range(int64_t(0), int64_t(1) << 40));
  command.add_option("--schedules", options.schedules, "schedules that `ingot tune` measured, for the kernels that are among them")->type_name("FILE");
  command.add_flag("--no-winograd", options.noWinograd,
                   "compute convolutions of 3x3 as they are defined: slower where they have many channels, with a quarter of the weights (of int8 an eighth) and a third of the rounding errors (of int8 there are none)");
  command
      .add_option_function<std::string>(
          "--image-size", [&options](const std::string &text) { options.imageSize = parseImageSize(text); },
          "the largest pictures that ImageDecoder takes where the model does not declare their size; else 2048,2048")
      ->type_name("HEIGHT,WIDTH");
  if (hasTarget)
    command.add_option("--target", options.target, "the device; `ingot targets` lists them")
        ->type_name("NAME")
        ->default_str("native")
        ->check(isTarget);
}

static void addThreads(CLI::App &command, ModelOptions &options, const char *text) {
  command.add_option("--threads", options.threads, text)->type_name("N")->default_str("1")->check(CLI::Range(1, 1024));
}

static void addModel(CLI::App &command, ModelOptions &options) {
  command.add_option("MODEL", options.model, "the ONNX file")->required();
}

static void addInputs(CLI::App &command, std::vector<std::pair<std::string, std::string>> &inputs, const char *text) {
  command
      .add_option_function<std::vector<std::string>>(
          "--input",
          [&inputs](const std::vector<std::string> &texts) {
            for (const std::string &text : texts)
              inputs.push_back(splitAssignment(text, "NAME=FILE.npy or NAME=NUMBER"));
          },
          text)
      ->type_name("NAME=FILE.npy")
      ->allow_extra_args(false);
}

/// The library's own text for a wrong command line, made one line that says where help is.
static int wrongCommandLine(const CLI::App &app, const CLI::ParseError &error) {
  std::string command = "ingot";
  for (const CLI::App *chosen : app.get_subcommands())
    command += " " + chosen->get_name();
  std::string message = error.what();
  for (char &c : message)
    if (c == '\n' || c == '\t')
      c = ' ';
  std::fprintf(stderr, "%s: %s; see '%s --help'\n", command.c_str(), message.c_str(), command.c_str());
  return 2;
}

int main(int argc, char **argv) {
  registerAllPasses();
  llvm::sys::PrintStackTraceOnErrorSignal(argv[0]);
  CLI::App app("Ingot compiles ONNX models ahead of time into C++ or machine code that needs no runtime.", "ingot");
  app.set_version_flag("--version", "ingot " INGOT_VERSION " (LLVM " LLVM_VERSION_STRING ", onnx " INGOT_ONNX_VERSION ")");
  app.require_subcommand(1);
  app.get_formatter()->column_width(36);
  app.footer("Examples:\n"
             "  ingot inspect model.onnx                              what is in it, what it will need\n"
             "  ingot compile model.onnx -o out --shape x=1,3,48,320  C++ for this machine\n"
             "  ingot verify model.onnx                               compare with onnxruntime\n"
             "  ingot bench model.onnx                                measure it beside other engines, and each kernel\n"
             "\n'ingot COMMAND --help' has more. Exit code 1: the model or a file given is at fault; 2: the command line is.\n");

  CompileOptions compile;
  CLI::App *compileCommand = app.add_subcommand("compile", "compile a model into C++ or machine code");
  compileCommand->add_option("MODEL", compile.models, "the ONNX file; of several, each is compiled by itself, named after its file")
      ->required();
  addModelOptions(*compileCommand, compile, /*hasTarget=*/true);
  compileCommand->add_option("-o,--output", compile.output, "the folder for the files, or the file for printed IR")->type_name("PATH");
  compileCommand
      ->add_option("--name", compile.name, "prefix of every symbol, a C identifier; else made from the file's name")
      ->type_name("NAME")
      ->check([](const std::string &name) { return isModelName(name) ? std::string() : "'" + name + "' is not a C identifier"; });
  compileCommand->add_option("--emit", compile.emit, "what to write: C++, an object file or a static library by LLVM, or the IR after a stage")
      ->check(CLI::IsMember({"cpp", "object", "library", "onnx", "linalg", "kernels", "loops", "plan"}))
      ->default_str("cpp");
  compileCommand
      ->add_option("--weights", compile.weights,
                   "where the weights go: an array in the sources (C++ up to 4 KiB), the program's read-only data, or a file that the caller maps")
      ->check(CLI::IsMember({"auto", "array", "linked", "external"}))
      ->default_str("auto");
  addThreads(*compileCommand, compile, "how many threads shall share the work of a call: the caller lends them; 1: none are asked for");
  compileCommand
      ->add_option_function<std::vector<std::string>>(
          "--library", [&compile](const std::vector<std::string> &names) { compile.libraries = names; },
          "a library that the program links, for operators that call one (image: ImageDecoder); `ingot targets --link` tells how")
      ->type_name("NAME")
      ->allow_extra_args(false);
  compileCommand->add_option("--report", compile.report, "also write a line of JSON on each model: its kernels that have loops, and those of them with vectors")
      ->type_name("FILE");
  compileCommand->add_option("--depfile", compile.depfile, "also write what was read, as a make rule")->type_name("FILE");
  compileCommand->footer("Examples:\n"
                         "  ingot compile rec.onnx -o out --shape x=1,3,48,320            out/rec.h and out/rec.cpp\n"
                         "  ingot compile vad.onnx -o out --state state:stateN            recurrent state kept by the model\n"
                         "  ingot compile ds_cnn.onnx -o out --target cortex-m7\n"
                         "  ingot compile rec.onnx -o out --emit library                  out/librec.a and out/rec.h\n"
                         "  ingot compile rec.onnx -o out --threads 4                     for a pool of four, as ingot/threads.h has one\n"
                         "  ingot compile det.onnx rec.onnx -o out                        the files of both\n"
                         "  ingot compile rec.onnx -o out --emit object --target riscv64  out/rec.o and out/rec.h\n"
                         "  ingot compile rec.onnx -o out --emit library --target x86-64  for SSE2, AVX2 and AVX-512: up to three times as large\n"
                         "  ingot compile rec.onnx --emit kernels | less                  the fused kernels, as IR\n"
                         "\nIR on stdout is for reading: large constants are left out. A file has everything, for ingot-opt.\n");

  RunOptions run;
  CLI::App *runCommand = app.add_subcommand("run", "compile a model for this machine and run it once");
  addModel(*runCommand, run);
  addModelOptions(*runCommand, run, /*hasTarget=*/false);
  addInputs(*runCommand, run.inputs, "an input's values; a number fills the input; sizes that the model leaves open are taken from the file");
  runCommand->add_option("-o,--output", run.output, "the folder for NAME.npy of each output")->type_name("DIR")->required();
  runCommand->add_option("--road", run.road, "how code is made: in process, or as C++ by the compiler $CXX")
      ->check(CLI::IsMember({"object", "cpp"}))
      ->default_str("object");
  runCommand->footer("Examples:\n"
                     "  ingot run rec.onnx --input x=line.npy -o out\n"
                     "  ingot run vad.onnx --input input=chunk.npy --input state=state.npy --input sr=16000 -o out\n");

  VerifyOptions verify;
  CLI::App *verifyCommand = app.add_subcommand("verify", "compare a model's results with onnxruntime's and with float64");
  addModel(*verifyCommand, verify);
  addModelOptions(*verifyCommand, verify, /*hasTarget=*/false);
  addInputs(*verifyCommand, verify.inputs, "an input's values; the others are random");
  verifyCommand->add_option("--data", verify.data, "folder with input_0.pb, ..., and output_0.pb, ... to compare with instead")->type_name("DIR");
  verifyCommand->add_option("--against", verify.against, "the peer; unoptimized: the same model through Ingot in scalar code, without folded constants and chosen layouts")
      ->check(CLI::IsMember({"onnxruntime", "unoptimized"}))
      ->default_str("onnxruntime");
  verifyCommand->add_option("--seed", verify.seed, "of the random inputs")->default_str("0");
  verifyCommand->add_option("--road", verify.road, "how code is made: in process, or as C++ by the compiler $CXX")
      ->check(CLI::IsMember({"object", "cpp"}))
      ->default_str("object");
  verifyCommand->footer("Passes where Ingot's greatest error against float64 is at most twice onnxruntime's (ten times where\n"
                        "there are convolutions by Winograd's method, see --no-winograd), or below 1e-6. Exit code 3: the\n"
                        "peer is not installed (python3, or $INGOT_PYTHON, with the packages onnx and onnxruntime).\n"
                        "\nExamples:\n"
                        "  ingot verify rec.onnx --shape x=1,3,48,320\n"
                        "  ingot verify vad.onnx --input sr=16000\n"
                        "  ingot verify conv.onnx --data test_data_set_0\n");

  BenchOptions bench;
  bench.version = INGOT_VERSION;
  bench.against = {"onnxruntime", "openvino", "mnn", "ncnn"};
  CLI::App *benchCommand = app.add_subcommand("bench", "measure a model beside other engines, and each of its kernels");
  addModel(*benchCommand, bench);
  addModelOptions(*benchCommand, bench, /*hasTarget=*/true);
  addInputs(*benchCommand, bench.inputs, "an input's values; the others are random");
  benchCommand->add_option("--seed", bench.seed, "of the random inputs")->default_str("0");
  benchCommand->add_option("--against", bench.against, "the peers, with commas between, or none; one that is not installed costs a line")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("ENGINE,...")
      ->default_str("onnxruntime,openvino,mnn,ncnn")
      ->check(CLI::IsMember({"onnxruntime", "openvino", "mnn", "ncnn", "none"}));
  addThreads(*benchCommand, bench, "threads of each engine");
  benchCommand->add_option("--seconds", bench.seconds, "how long each engine is measured, in five rounds")
      ->default_str("1.5")
      ->check(CLI::Range(0.001, 3600.0));
  benchCommand->add_option("--json", bench.json, "also write all figures as JSON; '-' instead of the table")->type_name("FILE");
  benchCommand->add_option("--svg", bench.svg, "also draw the kernels under the machine's roofs")->type_name("FILE");
  benchCommand->footer("Each engine runs in a process of its own, in turn with the others, with the same inputs. A difference is from the outputs of the\n"
                       "first peer. Peers need python3, or $INGOT_PYTHON, with the packages onnxruntime, openvino, MNN, ncnn and pnnx.\n"
                       "\nOf a kernel, 'of peak' is its share of the multiply-adds, of float32 or of integers, that this machine does at the most, 'of\n"
                       "memory' of what it reads at the most from a piece of memory as large as all that the model touches; both are measured.\n"
                       "Operations and bytes are the least that the kernel needs. More than 100 % of memory comes from a nearer cache. 'bound by' is\n"
                       "the greater share, from 30 % on. Times of kernels are the least, as of the machine's peaks.\n"
                       "The floor of a call is the greater of its arithmetic at these peaks and one pass over its weights, arena, inputs and outputs.\n"
                       "\nExamples:\n"
                       "  ingot bench rec.onnx --shape x=1,3,48,320\n"
                       "  ingot bench rec.onnx --against onnxruntime --json rec.json --svg rec.svg\n"
                       "  ingot bench rec.onnx --against none --target x86-64-v1\n");

  TuneOptions tune;
  CLI::App *tuneCommand = app.add_subcommand("tune", "measure schedules of a model's kernels, on this machine or another");
  addModel(*tuneCommand, tune);
  addModelOptions(*tuneCommand, tune, /*hasTarget=*/true);
  tuneCommand->add_option("-o,--output", tune.output, "the file for the best schedules; a search goes on with what is in it")
      ->type_name("FILE")
      ->required();
  tuneCommand->add_option("--seconds", tune.seconds, "how long schedules are searched, for all kernels together")
      ->default_str("60")
      ->check(CLI::Range(0.0, 1e6));
  addThreads(*tuneCommand, tune, "threads that share each kernel: schedules for code compiled with as many");
  CLI::Option *runner = tuneCommand->add_option("--runner", tune.runner, "the command that runs a program of the target: an emulator, a script that takes it to a board")
                            ->type_name("COMMAND");
  tuneCommand->add_option("--compiler", tune.compiler, "the command that compiles and links such a program; else $CXX")->type_name("COMMAND")->needs(runner);
  tuneCommand->footer("Each kernel is measured alone, with random operands. A search that is stopped (Ctrl-C; a second one ends at once), or whose time is over, goes on\n"
                      "when it is started again with the same file. The file holds for the target and can be checked in; ingot_add_model(... SCHEDULES FILE) reads it.\n"
                      "\n--runner: schedules become programs of up to 16 at a time, built by --compiler, with the target's flags added, and run by the command. Commands\n"
                      "are split at blanks, as quotes allow, and no shell sees them. The word {} stands for the files, which else come last: of the compiler its\n"
                      "arguments up to -o PROGRAM, of the runner the program. The program prints its figures, and the runner shows them on its standard output.\n"
                      "Where there is no operating system, see ingot/tune.h for what the compiler's command adds.\n"
                      "\nExamples:\n"
                      "  ingot tune rec.onnx -o rec.json --shape x=1,3,48,320 --seconds 300\n"
                      "  ingot compile rec.onnx -o out --shape x=1,3,48,320 --schedules rec.json\n"
                      "  ingot tune rec.onnx -o rec.json --target aarch64 --compiler aarch64-linux-gnu-g++ --runner ./on-board.sh\n"
                      "  ingot tune ds_cnn.onnx -o ds_cnn.json --target cortex-m7 --runner './flash.sh {}' \\\n"
                      "    --compiler 'arm-none-eabi-g++ -ffreestanding -nostdlib -T board.ld board.o {} -lgcc'\n");

  ModelOptions inspect;
  CLI::App *inspectCommand = app.add_subcommand("inspect", "shapes, operators, work and memory of a model; what is unsupported");
  addModel(*inspectCommand, inspect);
  addModelOptions(*inspectCommand, inspect, /*hasTarget=*/true);
  inspectCommand->footer("Example:\n  ingot inspect rec.onnx --shape x=1,3,48,320 --target aarch64\n");

  TargetsOptions targets;
  CLI::App *targetsCommand = app.add_subcommand("targets", "the devices that models are compiled for");
  targetsCommand->add_option("--flags", targets.flagsOf, "print the compiler's flags for C++ that was emitted for this device; of several levels, for what is common to them: each level's sources need its own")
      ->type_name("NAME")
      ->check(isTarget);
  targetsCommand->add_option("--link", targets.linksOf, "print what a compiler links of the libraries that code for this device may call by --library")
      ->type_name("NAME")
      ->check(isTarget);
  targetsCommand->footer("Example:\n  ingot compile rec.onnx -o out && g++ -c out/*.cpp $(ingot targets --flags native)\n");

  try {
    app.parse(argc, argv);
  } catch (const CLI::Success &success) {
    return app.exit(success);
  } catch (const CLI::ParseError &error) {
    return wrongCommandLine(app, error);
  }
  if (*compileCommand)
    return compileModels(compile);
  if (*runCommand)
    return runModel(run);
  if (*verifyCommand)
    return verifyModel(verify);
  if (*benchCommand) {
    llvm::erase_if(bench.against, [](const std::string &name) { return name == "none"; });
    return benchModel(bench);
  }
  if (*tuneCommand)
    return tuneModel(tune);
  if (*inspectCommand)
    return inspectModel(inspect);
  if (*targetsCommand)
    return listTargets(targets);
  return 2;
}

#include "compiler/driver/Files.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <gtest/gtest.h>

using namespace ingot;
namespace fs = llvm::sys::fs;

namespace {

class OutputFolderTest : public testing::Test {
protected:
  void SetUp() override { ASSERT_FALSE(fs::createUniqueDirectory("ingot-test", root)); }
  void TearDown() override { fs::remove_directories(root); }

  std::string path(const char *name) const { return (root + "/" + name).str(); }
  static std::string read(const std::string &file) {
    auto buffer = llvm::MemoryBuffer::getFile(file);
    return buffer ? (*buffer)->getBuffer().str() : "absent";
  }
  int entries() const {
    std::error_code error;
    int count = 0;
    for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error))
      ++count;
    return count;
  }

  llvm::SmallString<128> root;
};

} // namespace

TEST_F(OutputFolderTest, AppearsOnCommit) {
  llvm::Expected<OutputFolder> folder = OutputFolder::create(path("out/"));
  ASSERT_TRUE(bool(folder));
  ASSERT_FALSE(writeFile(folder->path() + "/a.h", "text"));
  EXPECT_FALSE(fs::exists(path("out")));
  ASSERT_FALSE(folder->commit());
  EXPECT_EQ(read(path("out/a.h")), "text");
}

TEST_F(OutputFolderTest, LeavesNothingWithoutCommit) {
  {
    llvm::Expected<OutputFolder> folder = OutputFolder::create(path("out"));
    ASSERT_TRUE(bool(folder));
    ASSERT_FALSE(writeFile(folder->path() + "/a.h", "text"));
  }
  EXPECT_EQ(entries(), 0);
}

TEST_F(OutputFolderTest, ReplacesFilesOfAnOlderRun) {
  ASSERT_FALSE(fs::create_directory(path("out")));
  ASSERT_FALSE(writeFile(path("out/a.h"), "old"));
  ASSERT_FALSE(writeFile(path("out/mine.txt"), "kept"));
  {
    llvm::Expected<OutputFolder> folder = OutputFolder::create(path("out"));
    ASSERT_TRUE(bool(folder));
    ASSERT_FALSE(writeFile(folder->path() + "/a.h", "new"));
    ASSERT_FALSE(folder->commit());
  }
  EXPECT_EQ(read(path("out/a.h")), "new");
  EXPECT_EQ(read(path("out/mine.txt")), "kept");
  EXPECT_EQ(entries(), 1);
}

TEST_F(OutputFolderTest, RefusesAFile) {
  ASSERT_FALSE(writeFile(path("out"), "text"));
  llvm::Expected<OutputFolder> folder = OutputFolder::create(path("out"));
  EXPECT_FALSE(bool(folder));
  llvm::consumeError(folder.takeError());
}

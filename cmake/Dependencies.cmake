# Third-party packages, each a system include so that our warnings stay ours.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(GTest REQUIRED)
set(Boost_USE_STATIC_LIBS ON)  # see below: start-up time
find_package(Boost 1.83 REQUIRED COMPONENTS json container)
find_package(OpenSSL 3 REQUIRED)
set(ZLIB_USE_STATIC_LIBS ON)
find_package(ZLIB REQUIRED)
pkg_check_modules(BOTAN REQUIRED IMPORTED_TARGET botan-3>=3.7)

find_path(ROCKSDB_INCLUDE_DIR rocksdb/db.h REQUIRED)
find_library(ROCKSDB_LIBRARY rocksdb REQUIRED)
add_library(holdfast_rocksdb INTERFACE)
target_include_directories(holdfast_rocksdb SYSTEM INTERFACE "${ROCKSDB_INCLUDE_DIR}")

# The command line is the same program as the daemon and must start in a few milliseconds, but
# loading librocksdb.so and libbotan-3.so with what they pull in costs 10 ms. From archives: 1 ms.
# (Not with clang, whose objects clash with virtual thunks in the archive that g++ made.)
find_library(ROCKSDB_ARCHIVE librocksdb.a)
find_library(BOTAN_ARCHIVE libbotan-3.a)
if(ROCKSDB_ARCHIVE AND BOTAN_ARCHIVE AND NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_library(holdfast_compression INTERFACE)
  foreach(name snappy lz4 zstd bz2 z lzma)
    find_library(HOLDFAST_${name}_ARCHIVE NAMES lib${name}.a ${name} REQUIRED)
    target_link_libraries(holdfast_compression INTERFACE "${HOLDFAST_${name}_ARCHIVE}")
  endforeach()
  target_link_libraries(holdfast_rocksdb INTERFACE "${ROCKSDB_ARCHIVE}" holdfast_compression
                        Threads::Threads ${CMAKE_DL_LIBS})
  set_property(TARGET PkgConfig::BOTAN PROPERTY INTERFACE_LINK_LIBRARIES
               "${BOTAN_ARCHIVE};holdfast_compression")
else()
  message(STATUS "no static RocksDB or Botan: the program will start slowly")
  target_link_libraries(holdfast_rocksdb INTERFACE "${ROCKSDB_LIBRARY}")
endif()

# Shared: Debian's archive of it is not position-independent. Loading it costs 0.1 ms.
find_path(ZXCVBN_INCLUDE_DIR zxcvbn.h REQUIRED)
find_library(ZXCVBN_LIBRARY zxcvbn REQUIRED)
add_library(holdfast_zxcvbn INTERFACE)
target_include_directories(holdfast_zxcvbn SYSTEM INTERFACE "${ZXCVBN_INCLUDE_DIR}")
target_link_libraries(holdfast_zxcvbn INTERFACE "${ZXCVBN_LIBRARY}")

# Shared, since Debian has no archive of it.
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode>=4.1)

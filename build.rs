//! Packs the description of the API, which the program carries along, and tells the linker where things
//! lie in a release.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// The first C library whose programs may have their relocations packed.
const PACKS: (u32, u32) = (2, 36);

fn main() -> Result<(), Box<dyn Error>> {
    pack_document()?;
    arrange()
}

fn pack_document() -> Result<(), Box<dyn Error>> {
    let document = "docs/openapi.json";
    println!("cargo::rerun-if-changed={document}");
    println!("cargo::rerun-if-changed=build.rs");
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&fs::read(document)?)?;
    let folder = env::var_os("OUT_DIR").ok_or("cargo says no folder")?;
    fs::write(Path::new(&folder).join("openapi.json.z"), packer.finish()?)?;
    Ok(())
}

/// Only for what is shipped: that has a section for each function.
fn arrange() -> Result<(), Box<dyn Error>> {
    let order = "packaging/asked.ld";
    println!("cargo::rerun-if-changed={order}");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        let order = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(order);
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{}", order.display());
        if env::var("TARGET") == env::var("HOST") && c_library().is_some_and(|found| found >= PACKS)
        {
            println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
    Ok(())
}

/// The version of this machine's GNU C library.
fn c_library() -> Option<(u32, u32)> {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) =
        std::str::from_utf8(&told.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

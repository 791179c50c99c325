//! Packs the description of the API, which the program carries along.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let document = "docs/openapi.json";
    println!("cargo::rerun-if-changed={document}");
    println!("cargo::rerun-if-changed=build.rs");
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&fs::read(document)?)?;
    let folder = env::var_os("OUT_DIR").ok_or("cargo says no folder")?;
    fs::write(Path::new(&folder).join("openapi.json.z"), packer.finish()?)?;
    Ok(())
}

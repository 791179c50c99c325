//! The file of settings: whatever is in it, the daemon starts or says why not.
#![no_main]

use std::cell::RefCell;
use std::io::{Seek, Write};

use libfuzzer_sys::fuzz_target;
use tempfile::NamedTempFile;
use tilld::config::{Sources, load};

thread_local! {
    static FILE: RefCell<NamedTempFile> = RefCell::new(NamedTempFile::new().expect("a file"));
}

fuzz_target!(|text: &[u8]| {
    FILE.with_borrow_mut(|file| {
        file.as_file_mut().set_len(0).expect("it can be emptied");
        file.rewind().expect("it can be written again");
        file.write_all(text).expect("it can be written");
        let sources = Sources { file: Some(file.path().to_owned()), ..Sources::default() };
        match load(&sources) {
            Ok(loaded) => {
                let _ = tilld::server::policy(&loaded.config);
                let _ = tilld::server::store_options(&loaded.config);
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    });
});

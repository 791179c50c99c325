//! Text that is complete before its first byte is sent, however long it is: in memory while it is
//! short, then in an unnamed file beside the database, so that nothing is left of it when the
//! daemon is killed.
//!
//! Reports for a client are spooled here first: a slow client then holds a file and
//! not a snapshot of the database, whose log would grow meanwhile.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::paths::{folder, with_suffix};
use super::{Error, Result, Store};

/// How much stays in memory, and how much is written or read at a time, in bytes.
const PIECE: usize = 128 * 1024;

/// A text that is being put together.
#[derive(Debug)]
pub struct Spool {
    /// The database.
    home: PathBuf,
    /// What is not in the file yet.
    buffer: Vec<u8>,
    file: Option<File>,
    length: u64,
}

/// A text that is whole, to be read from its beginning.
#[derive(Debug)]
pub struct Spooled {
    home: PathBuf,
    buffer: Vec<u8>,
    file: Option<File>,
    length: u64,
    /// Whether the buffer was given away, or the file read to its end.
    is_over: bool,
}

impl Store {
    /// An empty text, whose file, should it need one, lies beside the database.
    pub fn spool(&self) -> Spool {
        Spool::beside(self.path())
    }
}

fn failed(home: &Path) -> impl Fn(std::io::Error) -> Error {
    move |error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::Full,
        _ => Error::Open(with_suffix(home, ".spool"), error.to_string()),
    }
}

impl Spool {
    fn beside(home: &Path) -> Self {
        Self { home: home.to_owned(), buffer: Vec::new(), file: None, length: 0 }
    }

    /// Adds `bytes` at the end.
    ///
    /// # Errors
    /// [`Error::Full`]; [`Error::Open`] when there can be no file.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if self.buffer.len() > PIECE { self.flush().map_err(failed(&self.home)) } else { Ok(()) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(folder(&self.home))?),
        };
        file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// The folder where files that are put aside lie: the database's own.
    pub fn folder(&self) -> &Path {
        folder(&self.home)
    }

    /// What `error` means that something else met while it wrote into this text, or beside it.
    pub fn failure(&self, error: std::io::Error) -> Error {
        failed(&self.home)(error)
    }

    /// Nothing more is added.
    ///
    /// # Errors
    /// As [`Spool::write`].
    pub fn done(mut self) -> Result<Spooled> {
        if self.file.is_some() {
            self.flush().map_err(failed(&self.home))?;
        }
        let Self { home, buffer, file, length } = self;
        let mut spooled = Spooled { home, buffer, file, length, is_over: false };
        spooled.rewind()?;
        Ok(spooled)
    }
}

impl Spooled {
    /// How long it is, in bytes.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// As [`Spooled::next`]; it may block.
    fn piece(&mut self) -> Result<Option<Vec<u8>>> {
        if self.is_over {
            return Ok(None);
        }
        let piece = match &mut self.file {
            None => self.buffer.clone(),
            Some(file) => {
                let most = u64::try_from(PIECE).unwrap_or(u64::MAX);
                let mut piece = Vec::new();
                file.take(most).read_to_end(&mut piece).map_err(failed(&self.home))?;
                piece
            }
        };
        self.is_over = self.file.is_none() || piece.is_empty();
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    /// The next piece, and the rest; no piece at the end.
    ///
    /// # Errors
    /// [`Error::Open`] when the file cannot be read.
    pub async fn next(mut self) -> Result<(Option<Vec<u8>>, Self)> {
        if self.file.is_none() {
            return Ok((self.piece()?, self));
        }
        let read = tokio::task::spawn_blocking(move || Ok((self.piece()?, self)));
        read.await.unwrap_or(Err(Error::Panicked))
    }

    /// Goes back to the beginning.
    fn rewind(&mut self) -> Result<()> {
        self.is_over = false;
        match &mut self.file {
            Some(file) => file.rewind().map_err(failed(&self.home)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(spooled: &mut Spooled) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = spooled.piece().unwrap() {
            assert!(piece.len() <= 2 * PIECE);
            all.extend(piece);
        }
        all
    }

    #[test]
    fn what_was_put_in_comes_out_and_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("tilld.db");
        for lines in [0, 1, 1000, 100_000] {
            let (mut spool, mut all) = (Spool::beside(&home), Vec::new());
            for number in 0..lines {
                let line = format!("line {number}\n");
                spool.write(line.as_bytes()).unwrap();
                all.extend(line.into_bytes());
            }
            let has_file = spool.file.is_some();
            assert_eq!(has_file, all.len() > PIECE, "{lines}");
            let mut spooled = spool.done().unwrap();
            assert_eq!(spooled.length(), u64::try_from(all.len()).unwrap());
            assert!(read(&mut spooled) == all, "{lines}");
            spooled.rewind().unwrap();
            assert!(read(&mut spooled) == all, "{lines}");
            assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn where_no_file_can_be_made_a_long_text_is_refused() {
        let mut spool = Spool::beside(Path::new("/nowhere/tilld.db"));
        spool.write(b"short").unwrap();
        assert!(matches!(spool.write(&[b'x'; 2 * PIECE]), Err(Error::Open(..))));
    }
}

//! Returns free pages of the file to the disk, a few at a time.
//!
//! SQLite fills such pages with what comes next. Only when a great deal was deleted are there more than
//! that needs; those move to the end of the file, where it is cut off. Files made before this was so
//! (`auto_vacuum`) keep their pages; a copy of such a file does not.

use rusqlite::Connection;

use super::{Result, Store, Tx};

/// Free pages that stay in the file for later writes: 1 MB.
const KEPT: u32 = 256;
/// Most pages moved in one change, for which others wait.
const SLICE: u32 = 64;
/// Value of `auto_vacuum` of files that return pages on request.
const INCREMENTAL: u32 = 2;

impl Store {
    /// Returns some of the file's free pages; whether there are more.
    ///
    /// # Errors
    /// [`super::Error::Busy`], [`super::Error::Full`], [`super::Error::Sqlite`].
    pub async fn give_space_back(&self) -> Result<bool> {
        if self.read_in_place(|db| spare(db))? == 0 {
            return Ok(false);
        }
        self.write(give_back).await
    }
}

/// How many pages could be given back.
fn spare(db: &Connection) -> Result<u32> {
    let number = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, u32>(0));
    match number("auto_vacuum")? {
        INCREMENTAL => Ok(number("freelist_count")?.saturating_sub(KEPT)),
        _ => Ok(0),
    }
}

fn give_back(tx: &mut Tx<'_>) -> Result<bool> {
    let pages = spare(tx)?.min(SLICE);
    if pages > 0 {
        // It says a row for each page, and does no more than it is asked for.
        let mut statement = tx.prepare_cached(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut moved = statement.raw_query();
        while moved.next()?.is_some() {}
    }
    Ok(spare(tx)? > 0)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::super::tests::{Fixture, fixture};
    use super::super::{Error, Options, Role, backup, instances, restore};
    use super::*;
    use crate::model::access::{NewToken, TokenKind};
    use taler::ids::InstanceId;
    use taler::time::Timestamp;

    /// Stands in what is deleted.
    const TEXT: &str = "deleted and gone ";

    fn size(path: &Path) -> u64 {
        fs::metadata(path).unwrap().len()
    }

    /// Writes 8 MB and deletes them again.
    async fn written_and_deleted(store: &Store) {
        let instance = store.read_in_place(|db| instances::find(db, &InstanceId::admin())).unwrap();
        let instance = instance.unwrap().serial;
        store
            .write::<_, Error>(move |tx| {
                for number in 0..2_000_u32 {
                    let mut hash = [0; 32];
                    hash[..4].copy_from_slice(&number.to_be_bytes());
                    let token = NewToken {
                        hash,
                        scope: "readonly".parse().unwrap(),
                        kind: TokenKind::Api,
                        created_at: Timestamp::ZERO,
                        expires_at: Timestamp::NEVER,
                        description: Some(TEXT.repeat(240)),
                    };
                    super::super::tokens::insert(tx, instance, &token)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        store.write::<_, Error>(|tx| Ok(tx.execute_batch("DELETE FROM tokens")?)).await.unwrap();
    }

    /// As files were made before.
    async fn older() -> Fixture {
        let Fixture { dir, store, instance } = fixture(Options::default()).await;
        let path = store.path().to_owned();
        drop(store);
        let db = Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA auto_vacuum = 0; VACUUM").unwrap();
        db.close().unwrap();
        let store = Store::open(&path, Role::Daemon, Options::default()).unwrap();
        Fixture { dir, store, instance }
    }

    #[actix_web::test]
    async fn what_is_deleted_gives_its_room_back_slice_by_slice() {
        let f = fixture(Options::default()).await;
        written_and_deleted(&f.store).await;
        let pages = |name: &'static str| {
            let get = |db: &Connection| db.pragma_query_value(None, name, |row| row.get(0));
            f.store.read_in_place::<u32, Error>(|db| Ok(get(db)?)).unwrap()
        };
        let before = pages("page_count");
        assert!(pages("freelist_count") > 1_900);
        assert!(f.store.give_space_back().await.unwrap());
        let given = before - pages("page_count");
        assert!((1..=SLICE + 8).contains(&given), "{given}");
        let mut slices = 1;
        while f.store.give_space_back().await.unwrap() {
            slices += 1;
        }
        assert!(slices >= 1_900_u32.saturating_sub(KEPT) / SLICE, "{slices}");
        assert!(pages("freelist_count") <= KEPT);
        f.store.close();
        assert!(size(f.store.path()) < 2 * 1024 * 1024, "{}", size(f.store.path()));
        assert_eq!(super::super::check(&f.store).unwrap(), [""; 0]);
    }

    #[actix_web::test]
    async fn a_file_of_before_keeps_its_pages_and_its_copy_does_not() {
        let f = older().await;
        written_and_deleted(&f.store).await;
        assert!(!f.store.give_space_back().await.unwrap(), "nothing can be given, and nothing is");
        f.store.close();
        assert!(size(f.store.path()) > 8_000_000);
        let copy = f.dir.path().join("copy.db");
        backup(f.store.path(), &copy).unwrap();
        assert!(size(&copy) < 1024 * 1024, "{}", size(&copy));
        let path = f.store.path().to_owned();
        drop(f.store);
        restore(&copy, &path).unwrap();
        let store = Store::open(&path, Role::Daemon, Options::default()).unwrap();
        written_and_deleted(&store).await;
        assert!(store.give_space_back().await.unwrap());
    }

    #[actix_web::test]
    async fn what_was_deleted_is_in_no_copy_made_later() {
        let f = fixture(Options::default()).await;
        let has = |path: &Path| {
            let content = fs::read(path).unwrap();
            content.windows(TEXT.len()).any(|window| window == TEXT.as_bytes())
        };
        written_and_deleted(&f.store).await;
        f.store.close();
        assert!(has(f.store.path()), "in the file itself it may be found");
        let copy = f.dir.path().join("copy.db");
        backup(f.store.path(), &copy).unwrap();
        assert!(!has(&copy));
    }
}

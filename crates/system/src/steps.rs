//! Applies the migrations of an SQLite file. They only go forward.
//!
//! A released migration is never edited. The file's `user_version` is the number of applied migrations, counted
//! from [`BASE`].

use rusqlite::{Connection, TransactionBehavior};

/// From where steps are counted: the first one makes version 101. Development versions before the
/// first release had other steps and counted them from 0; none had as many.
pub const BASE: u32 = 100;

/// The version of a file that has taken all `steps`.
#[expect(clippy::as_conversions, reason = "a constant, and small")]
pub const fn version_of(steps: &[&str]) -> u32 {
    BASE + steps.len() as u32
}

/// Whether a file of this version was made by a development version, whose steps are not ours. A file of
/// version 0 has taken no step at all.
pub const fn is_unreleased(version: u32) -> bool {
    version > 0 && version <= BASE
}

/// The version of the file: its `user_version`.
///
/// # Errors
/// When SQLite cannot say.
pub fn taken(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes those of `steps` that are missing, oldest first, each in a transaction of its own. The file is
/// of no development version ([`is_unreleased`]). With an `application_id`, each writes that into the file's header as well.
///
/// # Errors
/// When SQLite refuses a step; those before it are taken.
pub fn take(
    db: &mut Connection,
    steps: &[&str],
    application_id: Option<u32>,
) -> rusqlite::Result<()> {
    let start = taken(db)?;
    for (number, step) in (BASE + 1..).zip(steps) {
        if number <= start {
            continue;
        }
        let tx = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        // Read again within, as another process may have been faster.
        if number > taken(&tx)? {
            tx.execute_batch(step)?;
            tx.pragma_update(None, "user_version", number)?;
            if let Some(id) = application_id {
                tx.pragma_update(None, "application_id", id)?;
            }
        }
        tx.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[&str] = &["CREATE TABLE a (x)", "CREATE TABLE b (x)", "CREATE TABLE a (x)"];

    #[test]
    fn steps_are_taken_once_and_those_before_a_bad_one_stay() {
        let mut db = Connection::open_in_memory().unwrap();
        take(&mut db, &STEPS[..1], Some(7)).unwrap();
        take(&mut db, &STEPS[..1], Some(7)).unwrap();
        assert_eq!(taken(&db), Ok(version_of(&STEPS[..1])));
        let id = db.pragma_query_value(None, "application_id", |row| row.get::<_, u32>(0));
        assert_eq!(id, Ok(7));
        assert!(take(&mut db, STEPS, None).is_err());
        assert_eq!(taken(&db), Ok(BASE + 2));
    }

    #[test]
    fn a_version_of_before_the_first_release_is_told_apart() {
        let old: Vec<u32> = (0..=BASE + 1).filter(|version| is_unreleased(*version)).collect();
        assert_eq!(old, (1..=BASE).collect::<Vec<_>>());
        assert!(!is_unreleased(version_of(STEPS)));
    }
}

//! Applies the migrations of an SQLite file. They only go forward.
//!
//! A released migration is never edited. The file's `user_version` is the number of applied migrations.

use rusqlite::{Connection, TransactionBehavior};

/// The version of a file that has taken all `steps`.
#[expect(clippy::as_conversions, reason = "a constant, and small")]
pub const fn version_of(steps: &[&str]) -> u32 {
    steps.len() as u32
}

/// How many steps the file has taken.
///
/// # Errors
/// When SQLite cannot say.
pub fn taken(db: &Connection) -> rusqlite::Result<u32> {
    db.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Takes those of `steps` that are missing, oldest first, each in a transaction of its own. With an
/// `application_id`, each writes that into the file's header as well.
///
/// # Errors
/// When SQLite refuses a step; those before it are taken.
pub fn take(
    db: &mut Connection,
    steps: &[&str],
    application_id: Option<u32>,
) -> rusqlite::Result<()> {
    let start = taken(db)?;
    for (number, step) in (1_u32..).zip(steps) {
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
        assert_eq!(taken(&db), Ok(2));
    }
}

//! What a payment is to the disk: a row of some 300 bytes, found by its session, and a change of the
//! order's row. Orders are paid soon after they are made, so neighbours in time are neighbours in
//! the file.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{Connection, named_params};

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS bench_orders (
        serial INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, paid INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS bench_payments (
        serial INTEGER PRIMARY KEY, bench_order INTEGER NOT NULL, session TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS bench_sessions ON bench_payments (session);
    CREATE TABLE IF NOT EXISTS bench_notes (serial INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;";
const INSERT: &str =
    "INSERT INTO bench_payments (bench_order, session, body) VALUES (:order, :session, :body)";
const NOTE: &str = "INSERT INTO bench_notes (body) VALUES (:body)";
const UPDATE: &str = "UPDATE bench_orders SET paid = paid + 1 WHERE serial = :order";

/// Orders that are there to be paid and read.
pub(crate) const ORDERS: u64 = 10_000;

/// Adds the tables of payments to a file, and the orders that are to be paid.
pub(crate) fn prepare(path: &Path) {
    let db = Connection::open(path).unwrap();
    db.execute_batch(SCHEMA).unwrap();
    db.execute_batch("BEGIN").unwrap();
    for order in 1..=ORDERS {
        db.prepare_cached("INSERT INTO bench_orders (serial, id, paid) VALUES (?1, ?2, 0)")
            .unwrap()
            .execute((order as i64, format!("order-{order}")))
            .unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
}

/// Makes each payment another one.
pub(crate) fn next() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// One payment.
pub(crate) fn pay(db: &Connection, number: u64) -> Result<(), rusqlite::Error> {
    // Begins with the time, as those of paywalls do.
    let session =
        format!("{:010}-{:016x}", number / 1000, number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let order = (number % ORDERS + 1) as i64;
    let body = "x".repeat(240);
    db.prepare_cached(INSERT)?
        .execute(named_params! { ":order": order, ":session": session, ":body": body })?;
    db.prepare_cached(UPDATE)?.execute(named_params! { ":order": order })?;
    Ok(())
}

/// The least that can be written: a row of as many bytes, which nothing else points to.
pub(crate) fn note(db: &Connection) -> Result<(), rusqlite::Error> {
    let body = "x".repeat(300);
    db.prepare_cached(NOTE)?.execute(named_params! { ":body": body })?;
    Ok(())
}

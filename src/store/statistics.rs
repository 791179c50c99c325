//! What happened in a shop since some time, one by one, to be added up (settlement 8).

use rusqlite::{Connection, named_params};

use super::{Result, sql};
use crate::model::instance::InstanceSerial;
use crate::model::statistic::Statistic;
use taler::amount::Amount;
use taler::time::Timestamp;

/// Something that happened.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence {
    /// When.
    pub at: Timestamp,
    /// The amount that it adds, if it has one.
    pub plus: Option<Amount>,
    /// What is taken off that.
    pub minus: Option<Amount>,
}

/// Calls `take` with each occurrence of an instance since `from`, in no order that means anything.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn each(
    db: &Connection,
    instance: InstanceSerial,
    statistic: Statistic,
    from: Timestamp,
    mut take: impl FnMut(Occurrence),
) -> Result<()> {
    let mut statement = db.prepare_cached(match statistic {
        Statistic::Deposited => sql!("statistics/deposited"),
        Statistic::PaidAtCounter => sql!("statistics/paid_at_counter"),
        Statistic::Refunded => sql!("statistics/refunded"),
        Statistic::WireFees => sql!("statistics/wire_fees"),
        Statistic::DepositFees => sql!("statistics/deposit_fees"),
        Statistic::Created => sql!("statistics/created"),
        Statistic::Claimed => sql!("statistics/claimed"),
        Statistic::Paid => sql!("statistics/paid"),
        Statistic::Settled => sql!("statistics/settled"),
    })?;
    let by_instance = named_params! { ":instance": instance };
    let since = named_params! { ":instance": instance, ":from_s": from };
    // When orders were wired is not in their index.
    let params = if statistic == Statistic::Settled { by_instance } else { since };
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        let Some(at) = row.get::<_, Option<Timestamp>>("at_s")? else { continue };
        if at >= from {
            take(Occurrence { at, plus: row.get("plus")?, minus: row.get("minus")? });
        }
    }
    Ok(())
}

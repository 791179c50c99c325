//! Instances.

use rusqlite::{Connection, OptionalExtension, Row, ToSql, named_params};

use super::columns::Positional;
use super::{Result, Tx, sql};
use crate::model::business_day::BusinessDay;
use crate::model::instance::{Instance, InstanceSerial, InstanceSettings, NewInstance, Unfinished};
use crate::model::order::OrderSerial;
use taler::ids::InstanceId;
use taler::sign::SigningKey;

/// The instance called `id`, deleted or not.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(db: &Connection, id: &InstanceId) -> Result<Option<Instance>> {
    let mut statement = db.prepare_cached(sql!("instances/columns" + "instances/find"))?;
    Ok(statement.query_row(named_params! { ":id": id }, read_instance).optional()?)
}

/// The instance with this number, deleted or not.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find_by_serial(db: &Connection, instance: InstanceSerial) -> Result<Option<Instance>> {
    let mut statement =
        db.prepare_cached(sql!("instances/columns" + "instances/find_by_serial"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, read_instance).optional()?)
}

/// The number of the instance called `id`, and whether it is deleted: all that most requests need.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn serial_of(db: &Connection, id: &InstanceId) -> Result<Option<(InstanceSerial, bool)>> {
    let mut statement = db.prepare_cached(sql!("instances/locate"))?;
    let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
    Ok(statement.query_row(named_params! { ":id": id }, read).optional()?)
}

/// When the days of the instance called `id` end, deleted or not.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn business_day(db: &Connection, id: &InstanceId) -> Result<Option<BusinessDay>> {
    let mut statement = db.prepare_cached(sql!("instances/business_day"))?;
    let read = |row: &Row<'_>| {
        Ok(BusinessDay { zone: row.get("time_zone")?, end_hour: row.get("day_end_hour")? })
    };
    Ok(statement.query_row(named_params! { ":id": id }, read).optional()?)
}

/// Whether the instance with this number is deleted; `None` if there is none.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_deleted(db: &Connection, instance: InstanceSerial) -> Result<Option<bool>> {
    let mut statement = db.prepare_cached(sql!("instances/is_deleted"))?;
    let params = named_params! { ":instance": instance };
    Ok(statement.query_row(params, |row| row.get("is_deleted")).optional()?)
}

/// The key with which an instance asks for coins to be refunded; `None` if it has none any more. One
/// that is deleted may have it for that alone.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn refund_key(db: &Connection, instance: InstanceSerial) -> Result<Option<SigningKey>> {
    let mut statement = db.prepare_cached(sql!("instances/refund_key"))?;
    let params = named_params! { ":instance": instance };
    let seed: Option<Option<[u8; 32]>> =
        statement.query_row(params, |row| row.get("private_key")).optional()?;
    Ok(seed.flatten().map(SigningKey::from_seed))
}

/// All instances, deleted ones too, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection) -> Result<Vec<Instance>> {
    let mut statement = db.prepare_cached(sql!("instances/columns" + "instances/list"))?;
    let rows = statement.query_map([], read_instance)?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether there is any instance, deleted ones included.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_any(db: &Connection) -> Result<bool> {
    Ok(db.prepare_cached(sql!("instances/is_any"))?.exists([])?)
}

fn read_instance(row: &Row<'_>) -> rusqlite::Result<Instance> {
    let mut columns = Positional::of(row);
    Ok(Instance {
        serial: columns.next()?,
        id: columns.next()?,
        settings: InstanceSettings {
            name: columns.next()?,
            email: columns.next()?,
            phone_number: columns.next()?,
            website: columns.next()?,
            logo: columns.next()?,
            address: columns.next()?,
            jurisdiction: columns.next()?,
            use_stefan: columns.next()?,
            default_pay_delay: columns.next()?,
            default_refund_delay: columns.next()?,
            default_wire_transfer_delay: columns.next()?,
            default_wire_transfer_rounding_interval: columns.next()?,
            business_day: BusinessDay { zone: columns.next()?, end_hour: columns.next()? },
        },
        signing_key: columns.next::<Option<_>>()?.map(SigningKey::from_seed),
        public_key: columns.next()?,
        password_hash: columns.next()?,
        created_at: columns.next()?,
    })
}

/// The parameters that say what the shopkeeper has set.
fn settings_params(settings: &InstanceSettings) -> [(&'static str, &dyn ToSql); 14] {
    [
        (":name", &settings.name),
        (":email", &settings.email),
        (":phone_number", &settings.phone_number),
        (":website", &settings.website),
        (":logo", &settings.logo),
        (":address", &settings.address),
        (":jurisdiction", &settings.jurisdiction),
        (":use_stefan", &settings.use_stefan),
        (":default_pay_delay_us", &settings.default_pay_delay),
        (":default_refund_delay_us", &settings.default_refund_delay),
        (":default_wire_transfer_delay_us", &settings.default_wire_transfer_delay),
        (":wire_transfer_rounding", &settings.default_wire_transfer_rounding_interval),
        (":time_zone", &settings.business_day.zone),
        (":day_end_hour", &settings.business_day.end_hour),
    ]
}

/// Keeps a new instance; `None` if its name is taken.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(tx: &mut Tx<'_>, new: &NewInstance) -> Result<Option<InstanceSerial>> {
    let public_key = new.signing_key.public_key();
    let own: [(&str, &dyn ToSql); 5] = [
        (":id", &new.id),
        (":private_key", new.signing_key.seed()),
        (":public_key", &public_key),
        (":password_hash", &new.password_hash),
        (":created_at_s", &new.created_at),
    ];
    let params = [&own[..], &settings_params(&new.settings)].concat();
    let changed = tx.prepare_cached(sql!("instances/insert"))?.execute(params.as_slice())?;
    // However the first one is made, the link that would make it ends.
    super::setup::delete_code(tx)?;
    Ok((changed > 0).then(|| InstanceSerial(tx.last_insert_rowid())))
}

/// Gives an instance new settings.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn update(tx: &mut Tx<'_>, serial: InstanceSerial, settings: &InstanceSettings) -> Result<()> {
    let own: [(&str, &dyn ToSql); 1] = [(":serial", &serial)];
    let params = [&own[..], &settings_params(settings)].concat();
    tx.prepare_cached(sql!("instances/update"))?.execute(params.as_slice())?;
    Ok(())
}

/// Gives an instance a new password, or takes it away.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn set_password(tx: &mut Tx<'_>, serial: InstanceSerial, hash: Option<&str>) -> Result<()> {
    tx.prepare_cached(sql!("instances/set_password"))?
        .execute(named_params! { ":serial": serial, ":password_hash": hash })?;
    Ok(())
}

/// Takes key, password and tokens from an instance; its history stays.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, serial: InstanceSerial) -> Result<()> {
    tx.prepare_cached(sql!("tokens/delete_all"))?.execute(named_params! { ":instance": serial })?;
    tx.prepare_cached(sql!("instances/delete"))?.execute(named_params! { ":serial": serial })?;
    Ok(())
}

/// Takes password and tokens from an instance; its key stays until its refunds are answered, and then
/// goes, or with `purge` all of the instance does.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn begin_deletion(tx: &mut Tx<'_>, serial: InstanceSerial, purge: bool) -> Result<()> {
    tx.prepare_cached(sql!("tokens/delete_all"))?.execute(named_params! { ":instance": serial })?;
    let deletion = if purge { 2 } else { 1 };
    tx.prepare_cached(sql!("instances/begin_deletion"))?
        .execute(named_params! { ":serial": serial, ":deletion": deletion })?;
    Ok(())
}

/// Whether an instance keeps its key only for its last refunds.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn is_any_deletion_open(db: &Connection) -> Result<bool> {
    Ok(db.prepare_cached(sql!("instances/is_any_deletion_open"))?.exists([])?)
}

/// Finishes what [`begin_deletion`] began, where the last refund is answered.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn finish_deletions(tx: &mut Tx<'_>) -> Result<()> {
    tx.prepare_cached(sql!("instances/drop_key_when_done"))?.execute([])?;
    tx.prepare_cached(sql!("instances/purge_when_done"))?.execute([])?;
    Ok(())
}

/// What money of an instance is under way.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn unfinished(db: &Connection, instance: InstanceSerial) -> Result<Unfinished> {
    let mut statement = db.prepare_cached(sql!("instances/unfinished"))?;
    let read = |row: &Row<'_>| {
        let count = |name| -> rusqlite::Result<u64> {
            Ok(u64::try_from(row.get::<_, i64>(name)?).unwrap_or_default())
        };
        Ok(Unfinished {
            deposits: count("deposits")?,
            part_paid_orders: count("part_paid_orders")?,
            refunds: count("refunds")?,
        })
    };
    Ok(statement.query_row(named_params! { ":instance": instance }, read)?)
}

/// The orders of an instance with coins that are not decided: not answered, or not sufficient.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn open_orders(db: &Connection, instance: InstanceSerial) -> Result<Vec<OrderSerial>> {
    let mut statement = db.prepare_cached(sql!("instances/open_orders"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Removes an instance and everything of it.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn purge(tx: &mut Tx<'_>, serial: InstanceSerial) -> Result<()> {
    tx.prepare_cached(sql!("instances/purge"))?.execute(named_params! { ":serial": serial })?;
    Ok(())
}

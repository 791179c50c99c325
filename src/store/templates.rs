//! Templates, by their names.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::{Map, Value};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::otp_device::OtpDeviceSerial;
use taler::ids::TemplateId;
use taler::template::{Template, TemplateContract};

/// The template of this name.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn find(
    db: &Connection,
    instance: InstanceSerial,
    id: &TemplateId,
) -> Result<Option<Template>> {
    let mut statement = db.prepare_cached(sql!("templates/find"))?;
    let params = named_params! { ":instance": instance, ":template_id": id };
    Ok(statement.query_row(params, read_template).optional()?)
}

/// Names and notes of all templates, the oldest first.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn list(db: &Connection, instance: InstanceSerial) -> Result<Vec<(TemplateId, String)>> {
    let mut statement = db.prepare_cached(sql!("templates/list"))?;
    let rows = statement.query_map(named_params! { ":instance": instance }, |row| {
        Ok((row.get("template_id")?, row.get("description")?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn read_template(row: &Row<'_>) -> rusqlite::Result<Template> {
    let bad = |error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error);
    let members = |text: String| -> rusqlite::Result<Map<String, Value>> {
        serde_json::from_str(&text).map_err(|error| bad(error.into()))
    };
    let contract = TemplateContract::parse(members(row.get("contract")?)?)
        .map_err(|error| bad(error.into()))?;
    let defaults: Option<String> = row.get("editable_defaults")?;
    Ok(Template {
        id: row.get("template_id")?,
        description: row.get("description")?,
        contract,
        editable_defaults: defaults.map(members).transpose()?,
        otp_id: row.get("otp_id")?,
    })
}

/// The columns that hold JSON.
fn texts(template: &Template) -> (String, Option<String>) {
    let text = |members: &Map<String, Value>| Value::Object(members.clone()).to_string();
    (text(template.contract.members()), template.editable_defaults.as_ref().map(text))
}

/// Keeps a new template, with the device that it names; `false` if there is one of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn insert(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    template: &Template,
    otp_device: Option<OtpDeviceSerial>,
) -> Result<bool> {
    write(tx, sql!("templates/insert"), instance, template, otp_device)
}

/// Replaces a template, with the device that it names; `false` if there is none of this name.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn update(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    template: &Template,
    otp_device: Option<OtpDeviceSerial>,
) -> Result<bool> {
    write(tx, sql!("templates/update"), instance, template, otp_device)
}

fn write(
    tx: &mut Tx<'_>,
    statement: &str,
    instance: InstanceSerial,
    template: &Template,
    otp_device: Option<OtpDeviceSerial>,
) -> Result<bool> {
    let (contract, editable_defaults) = texts(template);
    let changed = tx.prepare_cached(statement)?.execute(named_params! {
        ":instance": instance,
        ":template_id": template.id,
        ":description": template.description,
        ":contract": contract,
        ":editable_defaults": editable_defaults,
        ":otp_device": otp_device,
    })?;
    Ok(changed > 0)
}

/// Deletes a template; `false` if there is none of this name. Orders made of it stay.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete(tx: &mut Tx<'_>, instance: InstanceSerial, id: &TemplateId) -> Result<bool> {
    let changed = tx
        .prepare_cached(sql!("templates/delete"))?
        .execute(named_params! { ":instance": instance, ":template_id": id })?;
    Ok(changed > 0)
}

//! Pictures of products, each once per shop, by the hashes that name them in public addresses.

use rusqlite::{Connection, OptionalExtension, named_params};
use sha2::{Digest, Sha256};

use super::{Result, Tx, sql};
use crate::model::instance::InstanceSerial;
use crate::model::product::{Image, ImageSerial};

/// The row of this picture, made if there is none yet; `true` if it was made.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn store(
    tx: &mut Tx<'_>,
    instance: InstanceSerial,
    image: &Image,
) -> Result<(ImageSerial, bool)> {
    let hash = |text: &str| -> [u8; 32] { Sha256::digest(text).into() };
    let url_hash = hash(image.as_str());
    let mut find = tx.prepare_cached(sql!("images/find"))?;
    let params = named_params! { ":instance": instance, ":url_hash": url_hash };
    if let Some(there) = find.query_row(params, |row| row.get(0)).optional()? {
        return Ok((there, false));
    }
    tx.prepare_cached(sql!("images/insert"))?.execute(named_params! {
        ":instance": instance,
        ":hash": hash(image.data()),
        ":url_hash": url_hash,
        ":size": i64::try_from(image.as_str().len()).unwrap_or(i64::MAX),
        ":text": image,
    })?;
    Ok((find.query_row(params, |row| row.get(0))?, true))
}

/// The picture with this hash, of its base64 text or of all of its data URL, of any shop.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn by_hash(db: &Connection, hash: &[u8; 32]) -> Result<Option<Image>> {
    let mut statement = db.prepare_cached(sql!("images/by_hash"))?;
    Ok(statement.query_row(named_params! { ":hash": hash }, |row| row.get("text")).optional()?)
}

/// How many bytes all pictures of the shop take.
///
/// # Errors
/// [`super::Error::Sqlite`].
pub fn total(db: &Connection, instance: InstanceSerial) -> Result<i64> {
    let mut statement = db.prepare_cached(sql!("images/total"))?;
    Ok(statement.query_row(named_params! { ":instance": instance }, |row| row.get(0))?)
}

/// Deletes a picture if no product has it any more.
///
/// # Errors
/// [`super::Error::Sqlite`], [`super::Error::Full`].
pub fn delete_unused(tx: &mut Tx<'_>, image: ImageSerial) -> Result<()> {
    tx.prepare_cached(sql!("images/delete_unused"))?
        .execute(named_params! { ":image_serial": image })?;
    Ok(())
}

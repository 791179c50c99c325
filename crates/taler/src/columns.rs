//! Conversion of the types to and from columns of SQLite.

use std::fmt;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef};

use super::amount::{Amount, Currency};
use super::base32::Bytes;
use super::coin::permission::Coin;
use super::ids::{InstanceId, OrderId, OtpDeviceId, SessionId, TemplateId, WebhookId};
use super::otp::{OtpAlgorithm, OtpKey};
use super::payto::Payto;
use super::sign::{PublicKey, Signature};
use super::time::{RelativeTime, Timestamp};
use super::web::{BaseUrl, FulfillmentUrl};

fn bad(what: impl fmt::Display) -> FromSqlError {
    FromSqlError::Other(what.to_string().into())
}

/// Types that are kept as the text they parse from.
macro_rules! as_text {
    ($($type:ty),* $(,)?) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                Ok(self.to_string().into())
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                value.as_str()?.parse().map_err(bad)
            }
        }
    )*};
}

as_text!(
    Amount,
    BaseUrl,
    Currency,
    FulfillmentUrl,
    InstanceId,
    OrderId,
    OtpDeviceId,
    Payto,
    SessionId,
    TemplateId,
    WebhookId,
);

// Its bytes.
impl ToSql for OtpKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.reveal().into())
    }
}

impl FromSql for OtpKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::from_bytes(value.as_blob()?).map_err(bad)
    }
}

// Its number.
impl ToSql for OtpAlgorithm {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for OtpAlgorithm {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = u64::try_from(value.as_i64()?).map_err(bad)?;
        Self::from_number(number).ok_or_else(|| bad("no such algorithm"))
    }
}

// As JSON.
impl ToSql for Coin {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let text = serde_json::to_string(self)
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
        Ok(text.into())
    }
}

impl FromSql for Coin {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_str(value.as_str()?).map_err(bad)
    }
}

fn integer(value: Option<u64>) -> rusqlite::Result<ToSqlOutput<'static>> {
    let Some(number) = value else { return Ok(ToSqlOutput::Owned(Value::Null)) };
    let number = i64::try_from(number)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    Ok(number.into())
}

fn from_integer(value: ValueRef<'_>) -> FromSqlResult<Option<u64>> {
    match value {
        ValueRef::Null => Ok(None),
        other => u64::try_from(other.as_i64()?).map(Some).map_err(bad),
    }
}

// Seconds; NULL is never.
impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        integer(self.secs())
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        from_integer(value)?.map_or(Ok(Self::NEVER), |secs| Self::from_secs(secs).map_err(bad))
    }
}

// Microseconds; NULL is forever.
impl ToSql for RelativeTime {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        integer(self.micros())
    }
}

impl FromSql for RelativeTime {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        from_integer(value)?.map_or(Ok(Self::FOREVER), |us| Self::from_micros(us).map_err(bad))
    }
}

impl<const N: usize> ToSql for Bytes<N> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl<const N: usize> FromSql for Bytes<N> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self::new).map_err(bad)
    }
}

impl ToSql for Signature {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for Signature {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self::new).map_err(bad)
    }
}

impl ToSql for PublicKey {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().as_slice().into())
    }
}

impl FromSql for PublicKey {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self::new).map_err(bad)
    }
}

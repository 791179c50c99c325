//! How the types of the model sit in columns. The model knows no database; this file knows both. Those
//! of the protocol bring it along (`taler`, feature `rusqlite`).

use std::fmt;

use rusqlite::Row;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::access::TokenScope;
use crate::model::account::FacadeCredentials;
use crate::model::business_day::{EndHour, ZoneName};
use crate::model::instance::{InstanceSerial, Location, RoundingInterval};
use crate::model::order::{OrderSerial, PaymentMethod, PaymentReference, RefundSerial, Refunded};
use crate::model::otp_device::OtpDeviceSerial;
use crate::model::product::{Image, ImageSerial, ProductSerial};
use crate::model::transfer::{
    AccountSerial, ExpectedTransferSerial, TransferSerial, TransferSource,
};
use crate::model::webhook::{
    DeliverySerial, DeliveryState, DisabledWhy, EventId, EventSerial, EventType, HttpMethod,
    Secret, WebhookSerial,
};

/// A row's columns one after the other, in the order in which the statement names them. To look
/// each up by its name takes longer than to find the row, which is felt where rows are read for
/// every request.
pub(super) struct Positional<'row, 'statement> {
    row: &'row Row<'statement>,
    next: usize,
}

impl<'row, 'statement> Positional<'row, 'statement> {
    pub(super) fn of(row: &'row Row<'statement>) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(super) fn next<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.next)?;
        self.next = self.next.saturating_add(1);
        Ok(value)
    }
}

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
    DisabledWhy,
    EventType,
    HttpMethod,
    Image,
    PaymentMethod,
    PaymentReference,
    TokenScope,
    ZoneName,
);

/// Types that are kept as JSON.
macro_rules! as_json {
    ($($type:ty),* $(,)?) => {$(
        impl ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
                json(self)
            }
        }

        impl FromSql for $type {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                from_json(value)
            }
        }
    )*};
}

as_json!(FacadeCredentials, Location);

/// A value that is kept as JSON and has no type of its own in the model: lists and maps.
pub(super) struct Json<T>(pub(super) T);

impl<T: Serialize> ToSql for Json<T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        json(&self.0)
    }
}

impl<T: DeserializeOwned> FromSql for Json<T> {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        from_json(value).map(Self)
    }
}

fn json<T: Serialize>(value: &T) -> rusqlite::Result<ToSqlOutput<'static>> {
    let text = serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    Ok(text.into())
}

fn from_json<T: DeserializeOwned>(value: ValueRef<'_>) -> FromSqlResult<T> {
    serde_json::from_str(value.as_str()?).map_err(bad)
}

// A word that JSON would put in quotes.
impl ToSql for RoundingInterval {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => Ok(word.into()),
            other => Err(rusqlite::Error::ToSqlConversionFailure(format!("{other:?}").into())),
        }
    }
}

impl FromSql for RoundingInterval {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        serde_json::from_value(value.as_str()?.into()).map_err(bad)
    }
}

impl ToSql for EndHour {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.hour().into())
    }
}

impl FromSql for EndHour {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(u8::try_from(value.as_i64()?).map_err(bad)?).map_err(bad)
    }
}

/// Numbers of rows. Those that only the store knows stand with their tables.
macro_rules! as_serial {
    ($($type:ty),* $(,)?) => {$(
        impl rusqlite::ToSql for $type {
            fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
                Ok(self.0.into())
            }
        }

        impl rusqlite::types::FromSql for $type {
            fn column_result(
                value: rusqlite::types::ValueRef<'_>,
            ) -> rusqlite::types::FromSqlResult<Self> {
                value.as_i64().map(Self)
            }
        }
    )*};
}

pub(super) use as_serial;
as_serial!(
    AccountSerial,
    DeliverySerial,
    EventSerial,
    ExpectedTransferSerial,
    ImageSerial,
    InstanceSerial,
    OrderSerial,
    OtpDeviceSerial,
    ProductSerial,
    RefundSerial,
    TransferSerial,
    WebhookSerial,
);

// Its word; nobody reads it but people.
impl ToSql for TransferSource {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl ToSql for DeliveryState {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.number().into())
    }
}

impl FromSql for DeliveryState {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let number = value.as_i64()?;
        let found = Self::ALL.iter().copied().find(|state| state.number() == number);
        found.ok_or(FromSqlError::OutOfRange(number))
    }
}

impl ToSql for EventId {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.as_slice().into())
    }
}

impl FromSql for EventId {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_blob()?.try_into().map(Self).map_err(bad)
    }
}

impl ToSql for Secret {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.as_bytes().into())
    }
}

impl FromSql for Secret {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::new(value.as_blob()?).map_err(bad)
    }
}

// 0, 1, 2; nobody reads it but statements.
impl ToSql for Refunded {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(i64::from(*self).into())
    }
}

//! What receipts say of an order: what was bought, how it was paid, its taxes, and what was given back.

use serde_json::{Map, Value};

use super::lookup::order;
use super::taxes::Digits;
use super::{Error, Principal, Till};
use crate::model::instance::{Instance, InstanceSerial, MAX_LINE};
use crate::model::invalid_field::InvalidField;
use crate::model::order::{Order, Refund};
use crate::model::product::is_text;
use crate::model::tax::TaxSums;
use crate::store::payments::PaymentRow;
use crate::store::{Read, cashiers, orders, payments, receipts, refunds};
use taler::ids::{InstanceId, OrderId};

/// What there is to print of an order.
#[derive(Clone, Debug)]
pub struct ReceiptContent {
    /// The order.
    pub order: Order,
    /// Its terms, without the shop's logo.
    pub terms: Map<String, Value>,
    /// How it was paid at the counter; `None`: with coins, or it is unpaid.
    pub counter: Option<PaymentRow>,
    /// Its refunds, the oldest first.
    pub refunds: Vec<Refund>,
    /// The taxes in its price.
    pub taxes: TaxSums,
    /// The taxes in what the refunds leave.
    pub taxes_left: TaxSums,
    /// The cashier whose sale it is; `None`: no cashier's.
    pub cashier: Option<String>,
    /// Under which number the shop pays its taxes, if it says that.
    pub tax_number: Option<String>,
}

impl Till {
    /// What there is to print of an order of the principal's shop.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`].
    pub fn receipt(
        &self,
        principal: &Principal,
        order_id: &OrderId,
    ) -> Result<ReceiptContent, Error> {
        let content = self.content(principal.instance.serial, order_id)?;
        self.check_visible(principal, &content.order)?;
        Ok(content)
    }

    /// What there is to print of an order that a use case has returned, so that the client may see it.
    ///
    /// # Errors
    /// [`Error::OrderUnknown`] when it was deleted meanwhile.
    pub fn customers_receipt(&self, shown: &Order) -> Result<ReceiptContent, Error> {
        self.content(shown.instance, &shown.order_id)
    }

    fn content(
        &self,
        instance: InstanceSerial,
        order_id: &OrderId,
    ) -> Result<ReceiptContent, Error> {
        let digits = Digits::of(&self.policy().currencies);
        self.store.read_in_place(|db| content(db, instance, order_id, &digits))
    }

    /// Under which number the shop pays its taxes; `None` if it did not say.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub fn tax_number(&self, instance: &Instance) -> Result<Option<String>, Error> {
        Ok(self.store.read_in_place(|db| receipts::tax_number(db, instance.serial))?)
    }

    /// Keeps under which number the shop pays its taxes; `None`: it does not say.
    ///
    /// # Errors
    /// [`Error::InvalidField`], [`Error::InstanceUnknown`], [`Error::InstanceDeleted`].
    pub async fn set_tax_number(
        &self,
        instance: &InstanceId,
        tax_number: Option<String>,
    ) -> Result<(), Error> {
        if tax_number.as_ref().is_some_and(|text| !is_text(text, MAX_LINE)) {
            return Err(InvalidField("tax_number").into());
        }
        let serial = self.instance(instance).await?.serial;
        self.store
            .write(move |tx| Ok(receipts::set_tax_number(tx, serial, tax_number.as_deref())?))
            .await
    }
}

fn content(
    db: &Read<'_>,
    instance: InstanceSerial,
    order_id: &OrderId,
    digits: &Digits,
) -> Result<ReceiptContent, Error> {
    let order = order(db, instance, order_id)?;
    let text = orders::bare_terms(db, order.serial)?;
    let Value::Object(terms) = super::read_terms(&text)? else {
        return Err(Error::Damaged("the terms of an order are no object".into()));
    };
    let refunds = refunds::list(db, order.serial)?;
    let taxes = digits.taxes(&text, &order.amount);
    Ok(ReceiptContent {
        terms,
        counter: payments::find(db, order.serial)?,
        taxes_left: digits.after(&taxes, refunds.iter().map(|refund| &refund.amount)),
        refunds,
        taxes,
        cashier: cashiers::seller(db, order.serial)?,
        tax_number: receipts::tax_number(db, instance)?,
        order,
    })
}

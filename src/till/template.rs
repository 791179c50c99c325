//! Templates: kept by the shop, filled in by customers' wallets (merchant-api 5).

use std::net::IpAddr;

use super::cart::{Cart, CartOffer};
use super::inventory_error::InventoryError;
use super::lookup::still_there;
use super::order::{CreateOrder, CreatedOrder};
use super::product::{MAX_PRODUCTS, product};
use super::unit::every_unit;
use super::{Error, Principal, Till, otp_device};
use crate::model::cart::CartLine;
use crate::model::category::Category;
use crate::model::contract::BadOrder;
use crate::model::instance::InstanceSerial;
use crate::model::product::Product;
use crate::model::unit::Unit;
use crate::store::products::Pictures;
use crate::store::{Lane, Read, categories, products, templates};
use taler::amount::{Amount, Currency};
use taler::ids::{InstanceId, ProductId, TemplateId};
use taler::quantity::DecimalQuantity;
use taler::template::{
    FilledCart, FilledTemplate, Selection, Template, TemplateInput, TemplateMismatch,
};
use taler::time::Timestamp;
use taler::web::BaseUrl;

/// Most products that a template shows to anybody who asks: one answer has all of them.
const MAX_OFFERED: usize = 1000;

impl Till {
    /// Keeps a new template. The same one again is no error.
    ///
    /// # Errors
    /// [`Error::TemplateExists`] when the name has other content, [`Error::Template`],
    /// [`Error::OtpDeviceUnknown`]; [`Error::Order`] and [`Error::NoExchange`] when no order could be made of it in its currency.
    pub async fn add_template(
        &self,
        principal: &Principal,
        template: Template,
    ) -> Result<(), Error> {
        template.check()?;
        self.check_currencies(&template)?;
        let (instance, shop) = (principal.instance.serial, principal.instance.id.clone());
        self.store
            .write(move |tx| {
                still_there(tx, instance, &shop)?;
                check_selection(tx, instance, &template)?;
                let device = otp_device::named(tx, instance, template.otp_id.as_ref())?;
                if templates::insert(tx, instance, &template, device)? {
                    return Ok(());
                }
                match templates::find(tx, instance, &template.id)? {
                    Some(there) if there == template => Ok(()),
                    _ => Err(Error::TemplateExists(template.id)),
                }
            })
            .await
    }

    /// Replaces a template.
    ///
    /// # Errors
    /// [`Error::TemplateUnknown`], [`Error::Template`]; [`Error::Order`] and [`Error::NoExchange`] as
    /// [`Till::add_template`].
    pub async fn change_template(
        &self,
        principal: &Principal,
        template: Template,
    ) -> Result<(), Error> {
        template.check()?;
        self.check_currencies(&template)?;
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| {
                check_selection(tx, instance, &template)?;
                let device = otp_device::named(tx, instance, template.otp_id.as_ref())?;
                match templates::update(tx, instance, &template, device)? {
                    true => Ok(()),
                    false => Err(Error::TemplateUnknown(template.id)),
                }
            })
            .await
    }

    /// Every order in a currency that the till does not know, or that none of its exchanges has, would be
    /// refused (decision 1): better say so to the shop than to its customers.
    fn check_currencies(&self, template: &Template) -> Result<(), Error> {
        template.currencies().iter().try_for_each(|currency| self.check_currency(currency))
    }

    /// Deletes a template. Orders made of it stay.
    ///
    /// # Errors
    /// [`Error::TemplateUnknown`].
    pub async fn delete_template(
        &self,
        principal: &Principal,
        id: TemplateId,
    ) -> Result<(), Error> {
        let instance = principal.instance.serial;
        self.store
            .write(move |tx| match templates::delete(tx, instance, &id)? {
                true => Ok(()),
                false => Err(Error::TemplateUnknown(id)),
            })
            .await
    }

    /// Names and notes of the principal's templates.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn templates(
        &self,
        principal: &Principal,
    ) -> Result<Vec<(TemplateId, String)>, Error> {
        let instance = principal.instance.serial;
        self.store.read(move |db| Ok(templates::list(db, instance)?)).await
    }

    /// One of the principal's templates.
    ///
    /// # Errors
    /// [`Error::TemplateUnknown`].
    pub async fn template(&self, principal: &Principal, id: TemplateId) -> Result<Template, Error> {
        let instance = principal.instance.serial;
        self.store
            .read(move |db| {
                templates::find(db, instance, &id)?.ok_or_else(|| Error::TemplateUnknown(id))
            })
            .await
    }

    /// The public part of a template.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::TemplateUnknown`].
    pub async fn public_template(
        &self,
        instance: &InstanceId,
        id: TemplateId,
    ) -> Result<Template, Error> {
        let instance = self.serial(instance)?;
        self.store
            .read(move |db| {
                templates::find(db, instance, &id)?.ok_or_else(|| Error::TemplateUnknown(id))
            })
            .await
    }

    /// What a template for carts offers; `None` for other types.
    ///
    /// # Errors
    /// [`Error::InstanceUnknown`], [`Error::Store`].
    pub async fn offer(
        &self,
        instance: &InstanceId,
        template: &Template,
    ) -> Result<Option<Offer>, Error> {
        let Some(selection) = template.contract.selection().cloned() else { return Ok(None) };
        let currency = template.contract.currency().copied();
        let (serial, now) = (self.serial(instance)?, self.clock.now());
        self.store
            .read(move |db| {
                let mut all = products::all(db, serial, now, Pictures::Without, MAX_PRODUCTS)?;
                all.retain(|product| {
                    let price = |only: &Currency| product.price_in(only);
                    let is_free = |only: &Currency| price(only).is_none_or(Amount::is_zero);
                    !currency.as_ref().is_some_and(is_free)
                        && product.is_priced()
                        && selection.offers(&product.id, &product.details.categories)
                });
                all.truncate(MAX_OFFERED);
                let is_used = |category: &Category| {
                    all.iter().any(|one| one.details.categories.contains(&category.serial))
                };
                let mut categories = categories::list(db, serial)?;
                categories.retain(is_used);
                let mut units = every_unit(db, serial)?;
                units.retain(|unit| all.iter().any(|one| one.details.unit == unit.unit));
                Ok(Some(Offer { products: all, categories, units }))
            })
            .await
    }

    /// Creates an order of a template and what a customer at `client` says.
    ///
    /// # Errors
    /// [`Error::TemplateUnknown`], [`Error::TemplateInput`], [`Error::TooManyWrites`],
    /// [`Error::TooManyOpenOrders`], [`Error::DiskReserve`], and as [`Till::create_order`].
    pub async fn order_by_template(
        &self,
        instance: &InstanceId,
        id: TemplateId,
        filling: TemplateInput,
        base_url: &BaseUrl,
        client: Option<IpAddr>,
    ) -> Result<CreatedOrder, Error> {
        let template = self.public_template(instance, id).await?;
        let FilledTemplate { mut order, session, mut pay_duration, cart } =
            template.contract.fill(filling)?;
        let shop = self.shop(instance)?;
        let mut taken = Cart::default();
        if let (Some(cart), Some(selection)) = (cart, template.contract.selection()) {
            pay_duration = Some(template.contract.pay_duration_or(shop.settings.default_pay_delay));
            let FilledCart { lines, amount, currency } = cart;
            let offered = selection.clone();
            let (serial, now) = (shop.serial, self.clock.now());
            taken.lines = self
                .store
                .read(move |db| {
                    lines
                        .into_iter()
                        .map(|line| cart_line(db, serial, &offered, line, now))
                        .collect()
                })
                .await?;
            taken.offer = Some(CartOffer { amount, currency });
        }
        if let Some(duration) = pay_duration {
            let deadline = self.clock.now().saturating_add(duration);
            let deadline = serde_json::to_value(deadline);
            order.insert("pay_deadline".into(), deadline.unwrap_or_default());
        }
        let wish = CreateOrder {
            order,
            refund_delay: None,
            payment_target: None,
            session,
            with_token: true,
            cart: taken,
            otp_id: template.otp_id,
        };
        self.admit_stranger_at(&shop, &template.id, client)?;
        let is_cart = template.contract.selection().is_some();
        match self.make_order(&shop, wish, base_url, Lane::Strangers, None).await {
            Err(Error::Order(BadOrder::Unpriced)) if is_cart => {
                Err(TemplateMismatch::NoCurrency.into())
            }
            made => made,
        }
    }
}

/// What a template for carts offers.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The products that have a price.
    pub products: Vec<Product>,
    /// The categories that these are in.
    pub categories: Vec<Category>,
    /// The units that they are counted in.
    pub units: Vec<Unit>,
}

/// Are all products and categories that a template for carts names there?
fn check_selection(
    db: &Read<'_>,
    instance: InstanceSerial,
    template: &Template,
) -> Result<(), Error> {
    let Some(selection) = template.contract.selection() else { return Ok(()) };
    for category in &selection.categories {
        if !categories::is_there(db, instance, *category)? {
            return Err(InventoryError::CategoryUnknown(*category).into());
        }
    }
    for id in &selection.products {
        product(db, instance, id, Timestamp::ZERO, Pictures::Without)?;
    }
    Ok(())
}

/// A line of a customer's cart, which the template must offer at a price.
fn cart_line(
    db: &Read<'_>,
    instance: InstanceSerial,
    selection: &Selection,
    (product_id, quantity): (ProductId, DecimalQuantity),
    now: Timestamp,
) -> Result<CartLine, Error> {
    let there = product(db, instance, &product_id, now, Pictures::Without)?;
    match there.is_priced() && selection.offers(&product_id, &there.details.categories) {
        true => Ok(CartLine { product_id, quantity, pot: None }),
        false => Err(TemplateMismatch::WrongProduct.into()),
    }
}

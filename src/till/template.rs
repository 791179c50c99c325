//! Templates: kept by the shop, filled in by customers' wallets (merchant-api 5).

use std::net::IpAddr;

use super::lookup::still_there;
use super::order::{CreateOrder, CreatedOrder};
use super::{Error, Principal, Till, otp_device};
use crate::store::{Lane, templates};
use taler::ids::{InstanceId, TemplateId};
use taler::template::{FilledTemplate, Template, TemplateInput};
use taler::web::BaseUrl;

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
        let FilledTemplate { mut order, session, pay_duration } =
            template.contract.fill(filling)?;
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
            otp_id: template.otp_id,
        };
        let shop = self.shop(instance)?;
        self.admit_stranger_at(&shop, &template.id, client)?;
        self.make_order(&shop, wish, base_url, Lane::Strangers).await
    }
}

//! The page of a shop's public details: name, contact, address and
//! jurisdiction. Each shop changes its own; the special instance changes all.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;

use super::super::error::Answer;
use super::super::pages::page::PageContext;
use super::answer::shown;
use super::form::{Form, FormState};
use super::web_session::WebSession;
use crate::model::business_day::{BusinessDay, EndHour, ZoneName};
use crate::model::instance::{InstanceSettings, Location};
use crate::model::invalid_field::InvalidField;
use crate::till::{Error, Till};
use taler::ids::InstanceId;
use ui::Messages;

#[derive(Template)]
#[template(path = "http/backoffice/details.html")]
struct DetailsPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    details: &'a FormState,
    /// Where the form leads.
    action: String,
}

fn ask(web_session: &WebSession, status: StatusCode, details: &FormState) -> Answer {
    let action = web_session.path("details");
    let page = DetailsPage {
        context: web_session.context(),
        messages: web_session.messages(),
        web_session,
        details,
        action,
    };
    shown(status, web_session.context(), &page)
}

/// `GET /webui/details`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    let settings = &web_session.principal().instance().settings;
    let tax_number = till.tax_number(web_session.principal().instance())?;
    let typed = written(settings, tax_number.as_deref(), web_session.messages());
    ask(&web_session, StatusCode::OK, &typed)
}

/// `POST /webui/details`.
pub(in crate::http) async fn change(
    till: Data<Till>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let typed =
        save(&till, &web_session.principal().instance().id, form, web_session.messages()).await?;
    match typed {
        None => Ok(web_session.go("details", Some("kept"))),
        Some(typed) => ask(&web_session, StatusCode::BAD_REQUEST, &typed),
    }
}

/// The inputs of the form, filled in with `settings` and the number under which the shop pays its taxes.
pub(super) fn written(
    settings: &InstanceSettings,
    tax_number: Option<&str>,
    messages: &Messages,
) -> FormState {
    let (address, law) = (&settings.address, &settings.jurisdiction);
    let day = &settings.business_day;
    let some = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let pairs = [
        ("name", settings.name.clone()),
        ("email", some(&settings.email)),
        ("phone", some(&settings.phone_number)),
        ("website", some(&settings.website)),
        ("street", some(&address.street)),
        ("number", some(&address.building_number)),
        ("post_code", some(&address.post_code)),
        ("town", some(&address.town)),
        ("country", some(&address.country)),
        ("tax_number", tax_number.unwrap_or_default().to_owned()),
        ("law_country", some(&law.country)),
        ("law_subdivision", some(&law.country_subdivision)),
        ("law_town", some(&law.town)),
        ("time_zone", day.zone.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("day_end_hour", day.end_hour.hour().to_string()),
    ];
    let mut typed =
        FormState::suggesting(&pairs.each_ref().map(|(name, text)| (*name, text.as_str())));
    // The machine's list of zones may have gone since; then the daemon's own is taken.
    if day.check().is_err() {
        typed.add_error("time_zone", messages.no_zone);
    }
    typed
}

/// When a day ends, as it was typed; an empty time zone is the daemon's, an empty hour is midnight.
///
/// # Errors
/// The input that is invalid.
fn business_day(form: &Form) -> Result<BusinessDay, &'static str> {
    let zone = form.some("time_zone").map(ZoneName::parse).transpose();
    let end_hour = form.some("day_end_hour").map_or(Ok(EndHour::default()), EndHour::parse);
    Ok(BusinessDay {
        zone: zone.map_err(|_| "time_zone")?,
        end_hour: end_hour.map_err(|_| "day_end_hour")?,
    })
}

/// What becomes of `old` by what was typed. What the form does not ask for stays.
fn over(old: &InstanceSettings, form: &Form, day: BusinessDay) -> InstanceSettings {
    let some = |name| form.some(name).map(str::to_owned);
    InstanceSettings {
        name: form.text("name").to_owned(),
        email: some("email"),
        phone_number: some("phone"),
        website: some("website"),
        address: Location {
            street: some("street"),
            building_number: some("number"),
            post_code: some("post_code"),
            town: some("town"),
            country: some("country"),
            ..old.address.clone()
        },
        jurisdiction: Location {
            country: some("law_country"),
            country_subdivision: some("law_subdivision"),
            town: some("law_town"),
            ..old.jurisdiction.clone()
        },
        business_day: day,
        ..old.clone()
    }
}

/// Keeps what was typed about the instance `id`; `None`: that is done, else what is wrong with it.
pub(super) async fn save(
    till: &Till,
    id: &InstanceId,
    form: Form,
    messages: &Messages,
) -> Result<Option<FormState>, Error> {
    let mut typed = FormState::of(form.clone());
    if form.text("name").is_empty() {
        typed.add_error("name", messages.name_needed);
        return Ok(Some(typed));
    }
    let day = match business_day(&form) {
        Ok(day) => day,
        Err(input) => {
            typed.add_error(
                input,
                if input == "time_zone" { messages.no_zone } else { messages.no_hour },
            );
            return Ok(Some(typed));
        }
    };
    let tax_number = form.some("tax_number").map(str::to_owned);
    match till.change_instance(id, move |old| over(old, &form, day)).await {
        Ok(()) => match till.set_tax_number(id, tax_number).await {
            Ok(()) => return Ok(None),
            Err(Error::InvalidField(_)) => typed.add_error("tax_number", messages.too_long),
            Err(other) => return Err(other),
        },
        Err(Error::InvalidField(InvalidField("email"))) => {
            typed.add_error("email", messages.no_email)
        }
        Err(Error::InvalidField(InvalidField("time_zone"))) => {
            typed.add_error("time_zone", messages.no_zone)
        }
        Err(Error::InvalidField(InvalidField("website"))) => {
            typed.add_error("website", messages.no_website)
        }
        Err(Error::InvalidField(InvalidField("name"))) => {
            typed.add_error("name", messages.too_long)
        }
        Err(Error::InvalidField(InvalidField("phone_number"))) => {
            typed.add_error("phone", messages.too_long)
        }
        Err(Error::InvalidField(_)) => typed.add_error("", messages.too_long),
        Err(other) => return Err(other),
    }
    Ok(Some(typed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::instance::RoundingInterval;
    use taler::time::RelativeTime;

    #[test]
    fn what_the_form_does_not_ask_for_stays_and_what_is_emptied_goes() {
        let old = InstanceSettings {
            name: "Corner shop".into(),
            email: Some("shop@example.org".into()),
            phone_number: None,
            website: None,
            logo: Some("data:image/png;base64,AA==".into()),
            address: Location {
                street: Some("Main Street".into()),
                district: Some("Old town".into()),
                ..Location::default()
            },
            jurisdiction: Location { country: Some("CH".into()), ..Location::default() },
            use_stefan: false,
            default_pay_delay: RelativeTime::ZERO,
            default_refund_delay: RelativeTime::FOREVER,
            default_wire_transfer_delay: RelativeTime::ZERO,
            default_wire_transfer_rounding_interval: RoundingInterval::Week,
            business_day: BusinessDay {
                zone: ZoneName::parse("Europe/Zurich").ok(),
                end_hour: EndHour::new(4).unwrap(),
            },
        };
        // Sent as it was shown, the form changes nothing.
        let messages = ui::locale::Locale::default().messages();
        let shown = written(&old, None, messages);
        assert_eq!(over(&old, shown.form(), business_day(shown.form()).unwrap()), old);
        let typed = FormState::suggesting(&[("name", "Café"), ("street", "Side Street")]);
        let new = over(&old, typed.form(), business_day(typed.form()).unwrap());
        assert_eq!((new.name.as_str(), &new.email), ("Café", &None));
        assert_eq!(new.address.street.as_deref(), Some("Side Street"));
        assert_eq!(new.address.district, old.address.district);
        assert_eq!(new.jurisdiction, Location::default());
        assert_eq!((new.logo, new.use_stefan), (old.logo, false));
        assert_eq!(new.business_day, BusinessDay::default());
    }
}

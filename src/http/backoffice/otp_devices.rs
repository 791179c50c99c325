//! The pages of machines that show one-time codes (otp 1 and 5): make one, show its key once, see what it shows.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use askama::Template;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use super::super::error::Answer;
use super::super::extract::{PathId, QueryParams};
use super::super::pages::page::PageContext;
use super::super::settings::Settings;
use super::answer::shown;
use super::form::{Form, FormState};
use super::messages;
use super::web_session::WebSession;
use crate::model::otp_device::{OtpDevice, OtpDeviceChange};
use crate::till::{Error, Till};
use taler::amount::Amount;
use taler::ids::OtpDeviceId;
use taler::otp::{self, OtpAlgorithm, OtpKey, SAFE_KEY_BYTES, STEP_S};
use ui::Messages;
use ui::messages::filled;
use ui::money::read_strictly;
use ui::qr::Qr;

/// How devices make codes, as forms offer it.
const ALGORITHMS: [(&str, OtpAlgorithm); 3] = [
    ("time", OtpAlgorithm::WithoutPrice),
    ("price", OtpAlgorithm::WithPrice),
    ("none", OtpAlgorithm::None),
];

/// What a code depends on, in plain words.
fn explained(algorithm: OtpAlgorithm, messages: &Messages) -> &'static str {
    match algorithm {
        OtpAlgorithm::None => messages.otp_none,
        OtpAlgorithm::WithoutPrice => messages.otp_time,
        OtpAlgorithm::WithPrice => messages.otp_price,
    }
}

/// A device in the list.
struct DeviceRow {
    id: String,
    name: String,
    algorithm: &'static str,
}

#[derive(Template)]
#[template(path = "http/backoffice/otp_devices.html")]
struct DevicesPage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    rows: Vec<DeviceRow>,
}

/// A key just made: all that is ever shown of it.
struct KeyView {
    key: Zeroizing<String>,
    /// For an authenticator app, which knows no prices.
    qr: Option<Qr>,
    is_weak: bool,
}

/// What the device shows now.
struct CodeView {
    /// In two halves, as such apps show it; `None` as long as there is no price.
    code: Option<(String, String)>,
    /// For how long it is good, in seconds.
    left_s: u64,
    /// The same in words.
    until: String,
    /// Does the price go into it?
    needs_price: bool,
    price: String,
    /// Where the next one is.
    again: String,
}

#[derive(Template)]
#[template(path = "http/backoffice/otp_device.html")]
struct DevicePage<'a> {
    context: &'a PageContext,
    messages: &'a Messages,
    web_session: &'a WebSession,
    title: &'a str,
    action: String,
    typed: &'a FormState,
    renewal: &'a FormState,
    is_kept: bool,
    algorithm: &'static str,
    algorithms: Vec<(&'static str, &'static str)>,
    fresh: Option<KeyView>,
    is_shown_before: bool,
    code: Option<CodeView>,
}

/// What a device's page shows beside its form.
#[derive(Default)]
struct Beside {
    fresh: Option<KeyView>,
    is_shown_before: bool,
    code: Option<CodeView>,
    renewal: Option<FormState>,
}

/// `GET /webui/otp-devices`.
pub(in crate::http) async fn page(till: Data<Till>, web_session: WebSession) -> Answer {
    let messages = web_session.messages();
    let all = till.otp_devices(web_session.principal()).await?.into_iter();
    let rows = all.map(|device| DeviceRow {
        name: name(&device),
        algorithm: explained(device.algorithm, messages),
        id: device.id.to_string(),
    });
    let page = DevicesPage {
        context: web_session.context(),
        messages,
        web_session: &web_session,
        rows: rows.collect(),
    };
    shown(StatusCode::OK, web_session.context(), &page)
}

/// What the shop calls `device`; programs may have given it no words.
fn name(device: &OtpDevice) -> String {
    match device.description.trim().is_empty() {
        true => device.id.to_string(),
        false => device.description.clone(),
    }
}

/// Shows the form; of `old`, if there is a device already.
fn ask(
    web_session: &WebSession,
    status: StatusCode,
    typed: &FormState,
    old: Option<&OtpDevice>,
    beside: Beside,
) -> Answer {
    let messages = web_session.messages();
    let place = match old {
        Some(old) => format!("otp-devices/{}", encoded(&old.id)),
        None => "new-otp-device".to_owned(),
    };
    let title = old.map_or_else(|| messages.new_otp_device.to_owned(), name);
    let current = old.map_or(OtpAlgorithm::WithoutPrice, |old| old.algorithm);
    let renewal = beside.renewal.unwrap_or_else(|| {
        let known = ALGORITHMS.iter().find(|(_, algorithm)| *algorithm == current);
        FormState::suggesting(&[("algorithm", known.map_or("", |(word, _)| word))])
    });
    let page = DevicePage {
        context: web_session.context(),
        messages,
        web_session,
        title: &title,
        action: web_session.path(&place),
        typed,
        renewal: &renewal,
        is_kept: old.is_some(),
        algorithm: explained(current, messages),
        algorithms: ALGORITHMS.map(|(word, one)| (word, explained(one, messages))).to_vec(),
        fresh: beside.fresh,
        is_shown_before: beside.is_shown_before,
        code: beside.code,
    };
    shown(status, web_session.context(), &page)
}

/// `id` as a segment of a path.
fn encoded(id: &OtpDeviceId) -> String {
    utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC).to_string()
}

/// The key of a device as it is shown once.
fn key_view(key: &OtpKey, device: &OtpDevice, web_session: &WebSession) -> KeyView {
    let text = key.reveal_text();
    let qr = match device.algorithm {
        OtpAlgorithm::WithoutPrice => Qr::of(&address(&text, device, web_session.shop())),
        // No app puts prices into codes.
        OtpAlgorithm::None | OtpAlgorithm::WithPrice => None,
    };
    KeyView { key: text, qr, is_weak: key.reveal().len() < SAFE_KEY_BYTES }
}

/// What the camera of an authenticator app sees.
fn address(key: &str, device: &OtpDevice, shop: &str) -> Zeroizing<String> {
    let plain = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let (shop, name) = (plain(shop), plain(&name(device)));
    Zeroizing::new(format!(
        "otpauth://totp/{shop}:{name}?secret={key}&issuer={shop}&algorithm=SHA1&digits=8&period={STEP_S}"
    ))
}

/// What `device` shows now, for the price that was typed, if any.
fn code_view(
    device: &OtpDevice,
    till: &Till,
    web_session: &WebSession,
    typed: &str,
) -> Option<CodeView> {
    let needs_price = match device.algorithm {
        OtpAlgorithm::None => return None,
        OtpAlgorithm::WithoutPrice => false,
        OtpAlgorithm::WithPrice => true,
    };
    let first = messages::currencies(till).first().copied();
    let specification = till.specification(&first.unwrap_or_else(|| till.default_currency()));
    let price: Option<Amount> = read_strictly(typed, &specification).ok();
    let now = till.now();
    let code = otp::code(&device.key, device.algorithm, price.as_ref(), now);
    let halves = |code: String| {
        let (one, other) = code.split_at_checked(4)?;
        Some((one.to_owned(), other.to_owned()))
    };
    let since = now.secs().unwrap_or_default().checked_rem(STEP_S).unwrap_or_default();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("again", "yes").append_pair("price", typed);
    let again = format!("otp-devices/{}?{}", encoded(&device.id), query.finish());
    let left_s = STEP_S.saturating_sub(since);
    Some(CodeView {
        code: code.and_then(halves),
        until: filled(web_session.messages().otp_code_until, &[&left_s.to_string()]),
        left_s,
        needs_price,
        price: typed.to_owned(),
        again: web_session.path(&again),
    })
}

/// `GET /webui/new-otp-device`.
pub(in crate::http) async fn blank(web_session: WebSession) -> Answer {
    let typed = FormState::suggesting(&[("algorithm", "time")]);
    ask(&web_session, StatusCode::OK, &typed, None, Beside::default())
}

/// The way of making codes that was chosen.
fn algorithm(typed: &mut FormState, messages: &Messages) -> Option<OtpAlgorithm> {
    let found = ALGORITHMS.iter().find(|(word, _)| typed.chose("algorithm", word));
    if found.is_none() {
        typed.add_error("algorithm", messages.choose_one);
    }
    found.map(|(_, algorithm)| *algorithm)
}

/// The key that was typed, else a new one; `None`, and `typed` says why.
fn key(typed: &mut FormState, till: &Till, messages: &Messages) -> Result<Option<OtpKey>, Error> {
    let plain = |c: &char| !c.is_whitespace() && *c != '-';
    let text: Zeroizing<String> =
        Zeroizing::new(typed.form().text("key").chars().filter(plain).collect());
    if text.is_empty() {
        return Ok(Some(till.new_otp_key()?));
    }
    let key = OtpKey::parse(&text);
    Ok(key.map_err(|_| typed.add_error("key", messages.otp_bad_key)).ok())
}

/// Keeps the key for the only page that ever shows it, and leads there.
fn show_key(
    till: &Till,
    settings: &Settings,
    web_session: &WebSession,
    id: &OtpDeviceId,
    key: OtpKey,
) -> Answer {
    let mark = till.random_token()?;
    settings.forms.otp_keys.put(mark.clone(), key);
    Ok(web_session.go(&format!("otp-devices/{}?fresh={mark}", encoded(id)), None))
}

/// `POST /webui/new-otp-device`: leads to the page that shows the key, once.
pub(in crate::http) async fn add(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let mut typed = FormState::of(form);
    let id = OtpDeviceId::parse(typed.form().text("id").to_owned());
    if id.is_err() {
        typed.add_error("id", messages.otp_bad_id);
    }
    let description = typed.form().text("description").to_owned();
    if description.is_empty() {
        typed.add_error("description", messages.note_needed);
    }
    let algorithm = algorithm(&mut typed, messages);
    let key = key(&mut typed, &till, messages)?;
    let mut status = StatusCode::BAD_REQUEST;
    if let (Ok(id), Some(algorithm), Some(key), true) = (id, algorithm, key, typed.is_good()) {
        let device =
            OtpDevice { id: id.clone(), description, key: key.clone(), algorithm, counter: 0 };
        match till.add_otp_device(web_session.principal(), device).await {
            Ok(()) => return show_key(&till, &settings, &web_session, &id, key),
            Err(Error::OtpDeviceExists(_)) => {
                status = StatusCode::CONFLICT;
                typed.add_error("id", messages.name_taken);
            }
            Err(Error::TooManyOtpDevices) => {
                status = StatusCode::CONFLICT;
                typed.add_error("", messages.otp_too_many);
            }
            Err(Error::InvalidField(_)) => typed.add_error("description", messages.too_long),
            Err(other) => return Err(other.into()),
        }
    }
    ask(&web_session, status, &typed, None, Beside::default())
}

/// `GET /webui/otp-devices/$DEVICE_ID`, with the code for `price`; with `fresh`, the key just made, which is shown
/// once.
pub(in crate::http) async fn show(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<OtpDeviceId>,
    params: QueryParams,
) -> Answer {
    let old = till.otp_device(web_session.principal(), id).await?;
    let price = params.text("price").unwrap_or_default();
    let mut beside =
        Beside { code: code_view(&old, &till, &web_session, price), ..Beside::default() };
    if let Some(mark) = params.text("fresh") {
        let key = settings.forms.otp_keys.take(mark);
        beside.fresh = key.map(|key| key_view(&key, &old, &web_session));
        beside.is_shown_before = beside.fresh.is_none();
    }
    let typed = FormState::suggesting(&[("description", &old.description)]);
    ask(&web_session, StatusCode::OK, &typed, Some(&old), beside)
}

/// `POST /webui/otp-devices/$DEVICE_ID`: another name.
pub(in crate::http) async fn change(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<OtpDeviceId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let old = till.otp_device(web_session.principal(), id.clone()).await?;
    let mut typed = FormState::of(form);
    let description = typed.form().text("description").to_owned();
    if description.is_empty() {
        typed.add_error("description", messages.note_needed);
    } else {
        let change = OtpDeviceChange { description, key: None, algorithm: None, counter: None };
        match till.change_otp_device(web_session.principal(), id.clone(), change).await {
            Ok(()) => {
                let place = format!("otp-devices/{}", encoded(&id));
                return Ok(web_session.go(&place, Some("kept")));
            }
            Err(Error::InvalidField(_)) => typed.add_error("description", messages.too_long),
            Err(other) => return Err(other.into()),
        }
    }
    let beside = Beside { code: code_view(&old, &till, &web_session, ""), ..Beside::default() };
    ask(&web_session, StatusCode::BAD_REQUEST, &typed, Some(&old), beside)
}

/// `POST /webui/otp-devices/$DEVICE_ID/key`: a new key, perhaps made use of in another way.
pub(in crate::http) async fn renew(
    till: Data<Till>,
    settings: Data<Settings>,
    web_session: WebSession,
    PathId(id): PathId<OtpDeviceId>,
    form: Form,
) -> Answer {
    let messages = web_session.messages();
    let old = till.otp_device(web_session.principal(), id.clone()).await?;
    let mut typed = FormState::of(form);
    let algorithm = algorithm(&mut typed, messages);
    let key = key(&mut typed, &till, messages)?;
    if let (Some(algorithm), Some(key)) = (algorithm, key) {
        let principal = web_session.principal();
        till.renew_otp_device(principal, id.clone(), key.clone(), algorithm).await?;
        return show_key(&till, &settings, &web_session, &id, key);
    }
    let shown = FormState::suggesting(&[("description", &old.description)]);
    let code = code_view(&old, &till, &web_session, "");
    let beside = Beside { code, renewal: Some(typed), ..Beside::default() };
    ask(&web_session, StatusCode::BAD_REQUEST, &shown, Some(&old), beside)
}

/// `POST /webui/otp-devices/$DEVICE_ID/delete`. Templates and orders stay, without codes.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    web_session: WebSession,
    PathId(id): PathId<OtpDeviceId>,
    _form: Form,
) -> Answer {
    till.delete_otp_device(web_session.principal(), id).await?;
    Ok(web_session.go("otp-devices", Some("gone")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ui::messages::ENGLISH;

    #[test]
    fn an_app_gets_the_key_and_how_codes_are_made() {
        let device = OtpDevice {
            id: OtpDeviceId::parse("hall".to_owned()).unwrap(),
            description: "Hall: left & right".into(),
            key: OtpKey::parse("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap(),
            algorithm: OtpAlgorithm::WithoutPrice,
            counter: 0,
        };
        assert_eq!(
            *address(&device.key.reveal_text(), &device, "Käse?"),
            "otpauth://totp/K%C3%A4se%3F:Hall%3A%20left%20%26%20right\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=K%C3%A4se%3F&algorithm=SHA1&digits=8&period=30"
        );
    }

    #[test]
    fn every_algorithm_can_be_chosen_and_has_words() {
        for (algorithm, ..) in OtpAlgorithm::ALL {
            assert!(ALGORITHMS.iter().any(|(_, known)| *known == algorithm));
            assert!(!explained(algorithm, &ENGLISH).is_empty());
        }
    }
}

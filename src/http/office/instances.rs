//! The shops of this daemon, for the special instance only.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use askama::Template;

use super::super::Settings;
use super::super::error::{Answer, Failure};
use super::super::extract::Seg;
use super::super::origin::{base_url, client};
use super::super::pages::Frame;
use super::details;
use super::form::{Form, Typed};
use super::password::{chosen, chosen_twice, shown_in};
use super::seat::Seat;
use super::shown;
use super::tokens::refused;
use crate::model::access::Permission;
use crate::model::instance::Instance;
use crate::till::{Auth, Deletion, Error, InstanceWish, Till};
use taler::ids::InstanceId;
use ui::Words;
use ui::moment::Moment;
use ui::words::filled;

/// Whoever has signed in at the special instance, which looks after the others. Nobody else gets to
/// a handler that asks for one.
#[derive(Debug)]
pub(in crate::http) struct Operator(pub(super) Seat);

impl FromRequest for Operator {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let seat = Seat::from_request(request, payload).into_inner();
        ready(seat.and_then(|seat| match seat.clerk().instance().id.is_admin() {
            true => Ok(Self(seat)),
            false => Err(Error::NotPermitted(Permission::InstancesWrite).into()),
        }))
    }
}

/// An instance as the page lists it.
struct Row {
    id: InstanceId,
    name: String,
    is_deleted: bool,
    has_account: bool,
}

#[derive(Template)]
#[template(path = "http/office/instances.html")]
struct List<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    typed: &'a Typed,
    rows: Vec<Row>,
}

#[derive(Template)]
#[template(path = "http/office/instance.html")]
struct Page<'a> {
    frame: &'a Frame,
    words: &'a Words,
    seat: &'a Seat,
    /// What customers may know of it.
    details: &'a Typed,
    /// Where the form about that leads.
    action: String,
    /// A new password.
    reset: &'a Typed,
    /// Its end.
    typed: &'a Typed,
    id: &'a str,
    name: &'a str,
    base_url: String,
    made: Moment,
    is_deleted: bool,
    /// Is it the special instance, which must stay?
    is_own: bool,
}

async fn list(seat: &Seat, till: &Till, status: StatusCode, typed: &Typed) -> Answer {
    let row = |(instance, kinds): (Instance, Vec<String>)| Row {
        is_deleted: instance.is_deleted(),
        has_account: !kinds.is_empty(),
        name: instance.settings.name,
        id: instance.id,
    };
    let rows = till.directory().await?.into_iter().map(row).collect();
    let page = List { frame: seat.frame(), words: seat.words(), seat, typed, rows };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/instances`.
pub(in crate::http) async fn page(till: Data<Till>, Operator(seat): Operator) -> Answer {
    list(&seat, &till, StatusCode::OK, &Typed::default()).await
}

/// `POST /webui/instances`.
pub(in crate::http) async fn create(
    till: Data<Till>,
    Operator(seat): Operator,
    form: Form,
) -> Answer {
    let words = seat.words();
    let mut typed = Typed::of(form);
    let name = typed.form().text("name").to_owned();
    if name.is_empty() {
        typed.complain("name", words.name_needed);
    }
    let id = InstanceId::parse(typed.form().text("id"));
    if id.is_err() {
        typed.complain("id", words.no_instance_id);
    }
    let password = chosen(&mut typed, "password", words);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Ok(id), Some(password), true) = (id, password, typed.is_good()) {
        let settings = till.plain_settings(&name);
        let wish = InstanceWish { id: id.clone(), settings, auth: Some(Auth::Password(password)) };
        match till.create_instance(wish).await {
            Ok(_) => return Ok(seat.go(&format!("instances/{id}"), Some("kept"))),
            Err(Error::InstanceExists(_)) => {
                status = StatusCode::CONFLICT;
                typed.complain("id", words.name_taken);
            }
            Err(Error::PurgeRequired(_)) => {
                status = StatusCode::CONFLICT;
                typed.complain("id", words.purge_first);
            }
            Err(Error::Unfit(_)) => typed.complain("name", words.too_long),
            Err(other) => return Err(other.into()),
        }
    }
    list(&seat, &till, status, &typed).await
}

/// The instance `id`, deleted or not.
async fn find(till: &Till, id: &InstanceId) -> Result<Instance, Error> {
    let all = till.instances().await?;
    let found = all.into_iter().find(|instance| instance.id == *id);
    found.ok_or_else(|| Error::InstanceUnknown(id.clone()))
}

/// Which form of the page was sent and is shown again; the others are as new.
enum Sent {
    Nothing,
    Details(Typed),
    Reset(Typed),
    Delete(Typed),
}

fn ask(
    request: &HttpRequest,
    settings: &Settings,
    seat: &Seat,
    instance: &Instance,
    status: StatusCode,
    sent: Sent,
) -> Answer {
    let mut details = details::written(&instance.settings, seat.words());
    let (mut reset, mut typed) = (Typed::default(), Typed::default());
    match sent {
        Sent::Nothing => {}
        Sent::Details(sent) => details = sent,
        Sent::Reset(sent) => reset = sent,
        Sent::Delete(sent) => typed = sent,
    }
    let page = Page {
        frame: seat.frame(),
        words: seat.words(),
        seat,
        details: &details,
        action: seat.path(&format!("instances/{}", instance.id)),
        reset: &reset,
        typed: &typed,
        id: instance.id.as_str(),
        name: &instance.settings.name,
        base_url: base_url(request, settings, &instance.id)?.to_string(),
        made: seat.moment(instance.created_at),
        is_deleted: instance.is_deleted(),
        is_own: instance.id.is_admin(),
    };
    shown(status, seat.frame(), &page)
}

/// `GET /webui/instances/$ID`.
pub(in crate::http) async fn show(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(seat): Operator,
    Seg(id): Seg<String>,
) -> Answer {
    let id = known(&id)?;
    let instance = find(&till, &id).await?;
    ask(&request, &settings, &seat, &instance, StatusCode::OK, Sent::Nothing)
}

/// `POST /webui/instances/$ID`: what customers may know of it.
pub(in crate::http) async fn change(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(seat): Operator,
    Seg(id): Seg<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    match details::keep(&till, &instance.id, form, seat.words()).await? {
        None => Ok(seat.go(&format!("instances/{}", instance.id), Some("kept"))),
        Some(typed) => {
            let sent = Sent::Details(typed);
            ask(&request, &settings, &seat, &instance, StatusCode::BAD_REQUEST, sent)
        }
    }
}

/// `POST /webui/instances/$ID/password`: a new one, for a shopkeeper who has lost it. The operator's
/// own is asked for: what is done here outlives the seat.
pub(in crate::http) async fn reset(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(seat): Operator,
    Seg(id): Seg<String>,
    form: Form,
) -> Answer {
    let (words, instance) = (seat.words(), find(&till, &known(&id)?).await?);
    let mut typed = Typed::of(form);
    if instance.id.is_admin() {
        // It has a page for this, where others are not asked for.
        return Ok(seat.go("password", None));
    }
    let new = chosen_twice(&mut typed, words);
    let own = shown_in(&mut typed, "own", words);
    let mut status = StatusCode::BAD_REQUEST;
    if let (Some(new), Some(own)) = (new, own) {
        let peer = client(&request, &settings);
        match till.reset_password(seat.clerk(), own, peer, &instance.id, new).await {
            Ok(()) => {
                let place = format!("instances/{}", instance.id);
                return Ok(seat.go(&place, Some("password-reset")));
            }
            Err(error) => status = refused(&mut typed, "own", error, words)?,
        }
    }
    ask(&request, &settings, &seat, &instance, status, Sent::Reset(typed))
}

/// What can be no name names nothing.
fn known(id: &str) -> Result<InstanceId, Failure> {
    InstanceId::parse(id).map_err(|_| Failure::Path)
}

/// `POST /webui/instances/$ID/delete`: its key and its tokens go, its history stays.
pub(in crate::http) async fn delete(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(seat): Operator,
    Seg(id): Seg<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    let (typed, status) = match confirmed(&instance, form, seat.words()) {
        Ok(typed) => {
            let force = typed.form().has("force");
            match till.delete_instance(&instance.id, force).await {
                // A form that is sent twice has done what it should.
                Ok(Deletion::Done) | Err(Error::InstanceDeleted(_)) => {
                    return Ok(seat.go(&format!("instances/{}", instance.id), Some("gone")));
                }
                Ok(Deletion::WhenAnswered(_)) => {
                    return Ok(seat.go(&format!("instances/{}", instance.id), Some("going")));
                }
                Err(error) => (unfinished(typed, error, seat.words())?, StatusCode::CONFLICT),
            }
        }
        Err(typed) => (typed, StatusCode::BAD_REQUEST),
    };
    ask(&request, &settings, &seat, &instance, status, Sent::Delete(typed))
}

/// `POST /webui/instances/$ID/purge`: everything of it goes. It must have been deleted before.
pub(in crate::http) async fn purge(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    Operator(seat): Operator,
    Seg(id): Seg<String>,
    form: Form,
) -> Answer {
    let instance = find(&till, &known(&id)?).await?;
    let (mut typed, status) = match confirmed(&instance, form, seat.words()) {
        Ok(typed) if instance.is_deleted() => {
            let force = typed.form().has("force");
            match till.purge_instance(&instance.id, force).await {
                Ok(Deletion::Done) => return Ok(seat.go("instances", Some("gone"))),
                Ok(Deletion::WhenAnswered(_)) => {
                    return Ok(seat.go(&format!("instances/{}", instance.id), Some("going")));
                }
                Err(error) => (unfinished(typed, error, seat.words())?, StatusCode::CONFLICT),
            }
        }
        Ok(_) => (Typed::default(), StatusCode::BAD_REQUEST),
        Err(typed) => (typed, StatusCode::BAD_REQUEST),
    };
    if !instance.is_deleted() {
        typed.complain("", seat.words().delete_before_purge);
    }
    ask(&request, &settings, &seat, &instance, status, Sent::Delete(typed))
}

/// Says what of the instance is unfinished, beside the box that is to be ticked then; what no page can
/// mend stays a failure.
fn unfinished(mut typed: Typed, error: Error, words: &Words) -> Result<Typed, Failure> {
    let Error::InstanceUnfinished(open) = error else { return Err(error.into()) };
    let counts =
        [open.deposits, open.part_paid_orders, open.refunds].map(|count| count.to_string());
    let counts = counts.each_ref().map(String::as_str);
    typed.complain("force", filled(words.instance_unfinished, &counts));
    Ok(typed)
}

/// Did the visitor type the name of the instance that is to go, and may it?
fn confirmed(instance: &Instance, form: Form, words: &Words) -> Result<Typed, Typed> {
    let mut typed = Typed::of(form);
    if typed.form().text("confirm") != instance.id.as_str() {
        typed.complain("confirm", words.confirm_differs);
    }
    if instance.id.is_admin() {
        typed.complain("", words.instance_is_own);
    }
    if typed.is_good() { Ok(typed) } else { Err(typed) }
}

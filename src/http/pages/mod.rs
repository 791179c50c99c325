//! Customers' pages: at the same addresses as the API for wallets.
//!
//! A client that prefers `text/html` gets a page where there is one, and an error page otherwise
//! (merchant-api 3.4). [`ui`] has the layout; the till has the content.

mod home;
mod items;
mod order;
pub(super) mod page;
mod problem;
pub(super) mod receipt;
pub(super) mod tax_rows;
mod template;

use actix_web::http::header::{CACHE_CONTROL, ETAG};
use actix_web::{HttpRequest, HttpResponse};

use super::error::{Answer, Failure};
use super::etag;
use super::extract::PathId;
#[cfg(test)]
use super::openapi::{
    operation::{Operation, get},
    values::FileName,
};
use ui::files::File;

pub(super) use self::home::home;
pub(super) use self::order::order;
pub(super) use self::problem::{instead, problem};
pub(super) use self::template::{filled_in, template};

/// `GET /files/$NAME`: style, scripts and pictures of all pages.
pub(super) async fn file(request: HttpRequest, PathId(name): PathId<String>) -> Answer {
    if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b)) {
        return Err(Failure::Segment);
    }
    let file = File::named(&name).ok_or(Failure::Path)?;
    let tag = file.tag();
    let is_known = etag::is_known(&request, &tag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    // Another version of the program may have another text.
    answer.insert_header((ETAG, format!("\"{tag}\""))).insert_header((CACHE_CONTROL, "no-cache"));
    Ok(if is_known { answer.finish() } else { answer.content_type(file.kind).body(file.content) })
}

/// How the API document describes the route of the files.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    let file = get("/files/{id}", "Style, scripts and pictures of the pages")
        .at::<FileName>("The file's name.")
        .header("If-None-Match")
        .done(304, "It is as the client knows.")
        .fails(&["Path"]);
    let kind = |one: &File| one.kind.split(';').next().unwrap();
    let shown =
        ui::files::FILES.iter().fold(file, |file, one| file.shows(200, "The file.", kind(one)));
    vec![shown]
}

//! Documents in several languages and formats: the terms of service and the privacy policy
//! (merchant-api 1.8).
//!
//! The files are read once, when the daemon starts. A browser chooses by language and format; the
//! version by which a customer's consent is remembered is the hash of all of them.

use std::fs;
use std::path::{Path, PathBuf};

use actix_web::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, ETAG, VARY,
};
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};

use super::error::{Answer, Failure};
use super::etag;
use super::headers::header;
use taler::base32;
use ui::accept::{weighed, weight};

/// Longest document, in bytes.
const MAX_DOCUMENT: u64 = 2 * 1024 * 1024;
/// What a document may do in a browser: look as its author wants, and nothing else. It has the back
/// office's origin.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
                      object-src 'none'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(Debug)]
struct Document {
    language: String,
    kind: &'static str,
    text: String,
}

/// One document in all its languages and formats.
#[derive(Debug, Default)]
pub struct Library {
    documents: Vec<Document>,
    version: String,
}

/// Why a document cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("{0}: {1}")]
pub struct BadDocument(PathBuf, String);

impl Library {
    /// Reads the files `paths`: `terms.md`, `terms.de.html` and so on.
    ///
    /// # Errors
    /// [`BadDocument`] for a file that cannot be read, is no UTF-8, is too long or of no known kind.
    pub fn open(paths: &[PathBuf]) -> Result<Self, BadDocument> {
        let documents = paths
            .iter()
            .map(|path| document(path).map_err(|error| BadDocument(path.clone(), error)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut hash = Sha256::new();
        for document in &documents {
            hash.update(&document.text);
            hash.update([0]);
        }
        let digest: [u8; 32] = hash.finalize().into();
        let version = base32::encode(&digest).chars().take(16).collect();
        Ok(Self { documents, version })
    }

    /// The document that suits the browser best, by language first and format second.
    ///
    /// # Errors
    /// [`Failure::NoDocument`] if the operator configured none, [`Failure::Format`] if none has a format
    /// that the browser accepts.
    pub(super) fn answer(&self, request: &HttpRequest, name: &'static str) -> Answer {
        if self.documents.is_empty() {
            return Err(Failure::NoDocument(name));
        }
        let accepted = weighed(header(request, ACCEPT).unwrap_or("*/*"));
        let spoken = weighed(header(request, ACCEPT_LANGUAGE).unwrap_or("*"));
        let best = self
            .documents
            .iter()
            .map(|document| {
                let kind = weight(&accepted, |wanted| kind_fits(wanted, document.kind));
                let language = weight(&spoken, |wanted| speaks(wanted, &document.language));
                (document, kind, language)
            })
            .filter(|(_, kind, _)| *kind > 0)
            // Any language is better than none; the first file wins a draw.
            .reduce(|best, next| if (next.2, next.1) > (best.2, best.1) { next } else { best });
        let Some((document, ..)) = best else { return Err(Failure::Format) };

        let mut response = match etag::is_known(request, &self.version) {
            true => HttpResponse::NotModified(),
            false => HttpResponse::Ok(),
        };
        let mut languages: Vec<_> = self.documents.iter().map(|d| d.language.as_str()).collect();
        languages.sort_unstable();
        languages.dedup();
        response
            .insert_header((ETAG, format!("\"{}\"", self.version)))
            .insert_header(("Taler-Terms-Version", self.version.clone()))
            .insert_header((CONTENT_LANGUAGE, document.language.clone()))
            .insert_header(("Avail-Languages", languages.join(",")))
            .insert_header((VARY, "Accept, Accept-Language"))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((CACHE_CONTROL, "no-cache"));
        Ok(match response.finish() {
            unchanged if unchanged.status().as_u16() == 304 => unchanged,
            mut full => {
                let kind = format!("{}; charset=utf-8", document.kind);
                if let Ok(value) = kind.parse() {
                    full.headers_mut().insert(actix_web::http::header::CONTENT_TYPE, value);
                }
                full.set_body(document.text.clone()).map_into_boxed_body()
            }
        })
    }
}

fn document(path: &Path) -> Result<Document, String> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    let kind = match ending {
        "md" => "text/markdown",
        "txt" => "text/plain",
        "html" => "text/html",
        _ => return Err("a document's name must end in .md, .txt or .html".into()),
    };
    let length = fs::metadata(path).map_err(|e| e.to_string())?.len();
    if length > MAX_DOCUMENT {
        return Err(format!("longer than {MAX_DOCUMENT} bytes"));
    }
    let text = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    let language = stem.rsplit_once('.').map_or("en", |(_, language)| language).to_owned();
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !(2..=16).contains(&language.len()) || !language.bytes().all(fits) {
        return Err(format!("\"{language}\" is no language"));
    }
    Ok(Document { language, kind, text })
}

fn kind_fits(wanted: &str, kind: &str) -> bool {
    wanted == "*/*" || wanted == kind || wanted == "text/*"
}

fn speaks(wanted: &str, language: &str) -> bool {
    let main = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    wanted == "*" || main(wanted) == main(language)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn library() -> Library {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = dir.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let paths = [write("terms.md", "# Be kind"), write("terms.de.html", "<p>Sei nett")];
        Library::open(&paths).unwrap()
    }

    fn ask(headers: &[(&'static str, &str)]) -> (u16, String) {
        let mut request = TestRequest::default();
        for header in headers {
            request = request.append_header(*header);
        }
        match library().answer(&request.to_http_request(), "terms") {
            Ok(response) => {
                let kind = response.headers().get("content-type").cloned();
                let kind = kind.map(|k| k.to_str().unwrap().to_owned()).unwrap_or_default();
                (response.status().as_u16(), kind)
            }
            Err(failure) => (0, format!("{failure:?}")),
        }
    }

    #[test]
    fn language_and_format_are_the_readers_choice() {
        assert_eq!(ask(&[]), (200, "text/markdown; charset=utf-8".into()));
        let german = ask(&[("Accept-Language", "fr, de-AT;q=0.9, en;q=0.5")]);
        assert_eq!(german, (200, "text/html; charset=utf-8".into()));
        let plain = ask(&[("Accept", "application/pdf")]);
        assert_eq!(plain, (0, "Format".into()));
        let browser = ask(&[("Accept", "text/html, */*;q=0.1"), ("Accept-Language", "en")]);
        assert_eq!(browser.0, 200);
    }

    #[test]
    fn a_known_version_is_not_sent_again() {
        let tag = format!("\"{}\"", library().version);
        assert_eq!(ask(&[("If-None-Match", &tag)]).0, 304);
    }

    #[test]
    fn a_file_of_no_known_kind_is_named() {
        let error = Library::open(&["/tmp/terms.pdf".into()]).unwrap_err().to_string();
        assert!(error.contains("terms.pdf") && error.contains(".md"), "{error}");
    }
}

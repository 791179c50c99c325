//! The sandbox's routes. Everything that touches its file or its keys runs where blocking is
//! allowed, and what was begun is finished even if the client has gone.

use std::str::FromStr;
use std::time::{Duration, SystemTime};

use actix_web::dev::{HttpServiceFactory, Payload};
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_ENCODING, EXPIRES, FORWARDED, HeaderName, HttpDate,
};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, Resource, Route};
use flate2::read::ZlibDecoder;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::repeat_with;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout, timeout_at};

use super::Sandbox;
use super::accounts::KycChecked;
use super::failure::Failure;
use super::faults::{Endpoint, FaultAction, Faults};
use super::reserves::{TopUp, Withdrawal};
use super::transfers::{Question, Tracked};
use super::{deposits, refunds};
use net::body::{BadBody, gather, inflate};
use system::log_limit;
use taler::base32::ShortHash;
use taler::hash;
use taler::sign::Signature;
use taler::time::Timestamp;

/// Longest body, in bytes, also after it is inflated.
const MAX_BODY: usize = 1 << 20;
/// How long a body may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(15);
/// For how long a list of keys may be used.
const LIST_AGE: Duration = Duration::from_secs(3_600);

/// A piece of a body without an end.
const BLANKS: &[u8] = &[b' '; 64 * 1024];

/// The code of a reserve's key that cannot be read.
const BAD_RESERVE: u32 = 27;
/// The code of any other segment that cannot be read.
const BAD_SEGMENT: u32 = 29;

type Answer = Result<HttpResponse, Failure>;

pub(super) fn routes(sandbox: Sandbox) -> impl HttpServiceFactory + use<> {
    let at = |path: &str, route: Route| -> Resource {
        web::resource(path)
            .route(route)
            .default_service(web::to(|| async { Err::<HttpResponse, _>(Failure::Method) }))
    };
    web::scope("")
        .app_data(Data::new(sandbox))
        .wrap(DefaultHeaders::new().add((ACCESS_CONTROL_ALLOW_ORIGIN, "*")))
        .service(at("", web::get().to(index)))
        .service(at("/", web::get().to(index)))
        .service(at("/config", web::get().to(config)))
        .service(at("/keys", web::get().to(keys)))
        .service(at("/reserves/{reserve_pub}", web::get().to(reserve)))
        .service(at("/reserves/{reserve_pub}/batch-withdraw", web::post().to(withdraw)))
        .service(at("/batch-deposit", web::post().to(deposit)))
        .service(at("/coins/{coin_pub}/refund", web::post().to(refund)))
        .service(at(
            "/deposits/{h_wire}/{merchant_pub}/{h_contract_terms}/{coin_pub}",
            web::get().to(track),
        ))
        .service(at("/transfers/{wtid}", web::get().to(transfer)))
        .service(at("/kyc-check/{h_payto}", web::get().to(kyc_check)))
        .service(at("/sandbox/coins/{coin_pub}", web::get().to(coin)))
        .service(at("/sandbox/ledger", web::get().to(ledger)))
        .service(at("/sandbox/reserves", web::post().to(top_up)))
        .service(at("/sandbox/transfers", web::get().to(statement)))
        .service(at("/sandbox/faults", web::post().to(misbehave)))
        .default_service(web::to(|| async { Err::<HttpResponse, _>(Failure::Path) }))
}

async fn index(sandbox: Data<Sandbox>) -> HttpResponse {
    let currency = sandbox.0.settings.currency;
    let text = format!("A sandbox exchange for GNU Taler. It deals in {currency}: play money.\n");
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(text)
}

/// `GET /config`
async fn config(sandbox: Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.config())
}

/// `GET /keys`
async fn keys(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let act = sandbox.meet(Endpoint::Keys).await?;
    let since = parameter(&request, "last_issue_date", Timestamp::parse_secs)?;
    let now = sandbox.now().secs().unwrap_or_default();
    let list = held_list(&sandbox, since, act).await?;
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(now) + LIST_AGE;
    act.answer(HttpResponse::Ok().insert_header((EXPIRES, HttpDate::from(until))).json(list))
}

/// The list of keys, as soon as there are any: an exchange without keys does not answer before, or
/// only after a long time.
async fn held_list(
    sandbox: &Data<Sandbox>,
    since: Option<Timestamp>,
    act: FaultAction,
) -> Result<Value, Failure> {
    let inner = sandbox.0.clone();
    let deadline = Instant::now() + inner.settings.keys_hold;
    loop {
        let made = inner.minting.next_end();
        let answer = blocking(sandbox.clone(), move |sandbox| sandbox.list(since, act)).await;
        if !matches!(answer, Err(Failure::NoKeys)) || timeout_at(deadline, made).await.is_err() {
            return answer;
        }
    }
}

/// `GET /kyc-check/$H_NORMALIZED_PAYTO`
async fn kyc_check(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let h_payto: ShortHash = segment(&request, "h_payto", BAD_SEGMENT)?;
    // `Account-Owner-Pub` may stand beside it, and is not needed: the account's key is known.
    let signature = request.headers().get("Account-Owner-Signature");
    let signature = signature.ok_or(Failure::Missing("Account-Owner-Signature"))?;
    let signature = signature.to_str().ok().and_then(|text| Signature::parse(text).ok());
    let signature =
        signature.ok_or_else(|| Failure::Malformed("Account-Owner-Signature".into()))?;
    Ok(match blocking(sandbox, move |sandbox| sandbox.kyc_check(&h_payto, &signature)).await? {
        KycChecked::Free(Value::Null) => HttpResponse::NoContent().finish(),
        KycChecked::Free(limits) => HttpResponse::Ok().json(limits),
        KycChecked::Required(limits) => HttpResponse::Accepted().json(limits),
    })
}

/// `POST /sandbox/reserves`
async fn top_up(sandbox: Data<Sandbox>, Body(asked): Body<TopUp>) -> Answer {
    let balance = blocking(sandbox, move |sandbox| sandbox.top_up(&asked)).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance": balance })))
}

/// `GET /reserves/$RESERVE_PUB`
async fn reserve(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let reserve = segment(&request, "reserve_pub", BAD_RESERVE)?;
    let balance = blocking(sandbox, move |sandbox| sandbox.balance(&reserve)).await?;
    Ok(HttpResponse::Ok().json(json!({ "balance": balance })))
}

/// `POST /reserves/$RESERVE_PUB/batch-withdraw`
async fn withdraw(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<Withdrawal>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Withdraw).await?;
    let reserve = segment(&request, "reserve_pub", BAD_RESERVE)?;
    // A reserve's account would be that of the person who topped it up; here it has none.
    act.apply(hash::payto_hash(&format!("payto://x-taler-bank/localhost/{reserve}")), None)?;
    let done = blocking(sandbox, move |sandbox| sandbox.withdraw(&reserve, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(done))
}

/// `POST /batch-deposit`
async fn deposit(sandbox: Data<Sandbox>, Body(asked): Body<deposits::Request>) -> Answer {
    let act = sandbox.meet(Endpoint::Deposit).await?;
    let reported = blocking(sandbox, move |sandbox| sandbox.deposit(&asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `POST /coins/$COIN_PUB/refund`
async fn refund(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(asked): Body<refunds::Request>,
) -> Answer {
    let act = sandbox.meet(Endpoint::Refund).await?;
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let reported = blocking(sandbox, move |sandbox| sandbox.refund(&coin, &asked, act)).await?;
    act.answer(HttpResponse::Ok().json(reported))
}

/// `GET /deposits/$H_WIRE/$MERCHANT_PUB/$H_CONTRACT_TERMS/$COIN_PUB`
async fn track(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    sandbox.note_question();
    let act = sandbox.meet(Endpoint::Track).await?;
    let question = Question {
        h_wire: segment(&request, "h_wire", 1101)?,
        merchant_pub: segment(&request, "merchant_pub", 1102)?,
        h_contract: segment(&request, "h_contract_terms", 1103)?,
        coin_pub: segment(&request, "coin_pub", 1104)?,
        merchant_sig: parameter(&request, "merchant_sig", Signature::parse)?
            .ok_or(Failure::Missing("merchant_sig"))?,
    };
    act.answer(match blocking(sandbox, move |sandbox| sandbox.track(&question, act)).await? {
        Tracked::Pending(pending) => HttpResponse::Accepted().json(pending),
        Tracked::Wired(wired) => HttpResponse::Ok().json(wired),
    })
}

/// `GET /transfers/$WTID`
async fn transfer(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    sandbox.note_question();
    let act = sandbox.meet(Endpoint::Transfer).await?;
    let wtid: ShortHash = segment(&request, "wtid", 1450)?;
    if act == FaultAction::EndlessBody {
        let blanks = repeat_with(|| Ok::<_, Failure>(Bytes::from_static(BLANKS)));
        return Ok(HttpResponse::Ok().content_type("application/json").streaming(blanks));
    }
    let transfer = blocking(sandbox, move |sandbox| sandbox.transfer(&wtid, act)).await?;
    act.answer(HttpResponse::Ok().json(transfer))
}

/// `GET /sandbox/coins/$COIN_PUB`
async fn coin(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    let coin = segment(&request, "coin_pub", BAD_SEGMENT)?;
    let account = blocking(sandbox, move |sandbox| sandbox.coin(&coin)).await?;
    Ok(HttpResponse::Ok().json(account))
}

/// `GET /sandbox/transfers`: what the sandbox's bank has transferred to merchants.
async fn statement(sandbox: Data<Sandbox>, request: HttpRequest) -> Answer {
    // Merchants' accounts are nobody else's business.
    if !is_local(&request) {
        return Err(Failure::NotLocal);
    }
    Ok(HttpResponse::Ok().json(blocking(sandbox, Sandbox::statement).await?))
}

/// `GET /sandbox/ledger`
async fn ledger(sandbox: Data<Sandbox>) -> Answer {
    Ok(HttpResponse::Ok().json(blocking(sandbox, Sandbox::ledger).await?))
}

/// `POST /sandbox/faults`
async fn misbehave(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    Body(faults): Body<Faults>,
) -> Answer {
    if !is_local(&request) {
        return Err(Failure::NotLocal);
    }
    sandbox.misbehave(faults).map_err(|bad| Failure::Malformed(bad.to_string()))?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether the request comes from this machine, and not through a proxy on it.
fn is_local(request: &HttpRequest) -> bool {
    let forwarded = [FORWARDED, HeaderName::from_static("x-forwarded-for")];
    // A peer without an address came by a Unix socket.
    let near = request.peer_addr().is_none_or(|peer| peer.ip().to_canonical().is_loopback());
    near && !forwarded.iter().any(|name| request.headers().contains_key(name))
}

/// Has `work` done where it may block, with the keys that are needed now.
async fn blocking<T: Send + 'static>(
    sandbox: Data<Sandbox>,
    work: impl FnOnce(&Sandbox) -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = system::blocking(move || {
        if let Err(error) = sandbox.rotate_keys(sandbox.now()) {
            log_limit::error("failures of the sandbox", format_args!("sandbox: {error}"));
        }
        work(&sandbox)
    });
    done.await.unwrap_or(Err(Failure::Bug("the work panicked")))
}

/// The segment called `name` of the path; `code` says that it cannot be read.
fn segment<T: FromStr>(request: &HttpRequest, name: &str, code: u32) -> Result<T, Failure> {
    let text = request.match_info().get(name).unwrap_or_default();
    text.parse().map_err(|_| Failure::Segment(code))
}

/// The parameter called `name` of the query, if it is there.
fn parameter<T, E>(
    request: &HttpRequest,
    name: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    url::form_urlencoded::parse(request.query_string().as_bytes())
        .find(|(has, _)| has == name)
        .map(|(_, value)| parse(&value))
        .transpose()
        .map_err(|_| Failure::Malformed(name.into()))
}

/// A body of JSON.
struct Body<T>(T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let encoding =
            request.headers().get(CONTENT_ENCODING).map(|value| value.as_bytes().to_vec());
        let mut payload = payload.take();
        Box::pin(async move {
            let bytes = timeout(BODY_TIMEOUT, gather(&mut payload, MAX_BODY)).await;
            let bytes = bytes.map_err(|_| Failure::BodyTooSlow)??;
            let bytes = match encoding.as_deref() {
                None | Some(b"identity") => bytes.into(),
                Some(b"deflate") => inflate(ZlibDecoder::new(&*bytes), MAX_BODY)?,
                Some(_) => return Err(Failure::Compression),
            };
            read(&bytes).map(Self)
        })
    }
}

impl From<BadBody> for Failure {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLong => Self::BodyTooLong,
            BadBody::Broken => Self::BodyBroken,
            BadBody::Compression => Self::Compression,
        }
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        // A reader that knows what it wants may complain before it meets the mistake.
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        match is_json && error.is_data() {
            true => Failure::Field(culprit(body, &error)),
            false => Failure::Json,
        }
    })
}

/// The member that is missing, or in which the reader stopped.
fn culprit(body: &[u8], error: &serde_json::Error) -> String {
    let words = error.to_string();
    if let Some((_, rest)) = words.split_once("missing field `") {
        return rest.split('`').next().unwrap_or_default().to_owned();
    }
    let line = error.line().saturating_sub(1);
    let before: usize =
        body.split_inclusive(|byte| *byte == b'\n').take(line).map(<[u8]>::len).sum();
    let end = before.saturating_add(error.column()).min(body.len());
    last_member(body.get(..end).unwrap_or_default())
}

/// The member whose value `json`, the beginning of a good JSON text, ends in.
fn last_member(json: &[u8]) -> String {
    // One for each open object or array: the member that is being read.
    let mut open: Vec<Option<&[u8]>> = vec![None];
    let mut rest = json;
    let mut text: Option<&[u8]> = None;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'"' => {
                let mut escaped = false;
                let end = rest.iter().position(|byte| {
                    let ends = *byte == b'"' && !escaped;
                    escaped = *byte == b'\\' && !escaped;
                    ends
                });
                let end = end.unwrap_or(rest.len());
                text = rest.get(..end);
                rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
            }
            b':' => {
                if let Some(member) = open.last_mut() {
                    *member = text;
                }
            }
            b'{' | b'[' => open.push(None),
            // The reader says where it is when it has read the end of what it does not want.
            b'}' | b']' if !rest.is_empty() => drop(open.pop()),
            _ => {}
        }
    }
    let member = open.iter().rev().find_map(|member| *member).unwrap_or_default();
    String::from_utf8_lossy(member).into_owned()
}

#[cfg(test)]
mod tests {
    use actix_web::App;
    use actix_web::test::{TestRequest, call_service, init_service};

    use super::*;
    use crate::sandbox::Settings;
    use system::clock::Clock;
    use taler::amount::Currency;
    use taler::web::BaseUrl;

    #[actix_web::test]
    async fn it_answers_below_any_prefix_and_below_none() {
        let dir = tempfile::tempdir().unwrap();
        let base = BaseUrl::parse("http://127.0.0.1:1/").unwrap();
        let mut settings = Settings::demo(Currency::parse("TESTKUDOS").unwrap(), base).unwrap();
        settings.denominations.truncate(1);
        settings.key_bits = 1024;
        let file = dir.path().join("sandbox.db");
        let sandbox = Sandbox::open(&file, settings, Clock::system()).unwrap();
        let app = App::new()
            .service(web::scope("/a/b").service(sandbox.routes()))
            .service(sandbox.routes());
        let app = init_service(app).await;
        for (path, status) in [
            ("/", 200),
            ("/config", 200),
            ("/a/b", 200),
            ("/a/b/", 200),
            ("/a/b/config", 200),
            ("/a/b/c", 404),
            ("/a/config", 404),
        ] {
            let request = TestRequest::get().uri(path).to_request();
            let answer = call_service(&app, request).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_from_what_does_not_fit() {
        let code = |body: &str| match read::<TopUp>(body.as_bytes()).err().unwrap() {
            Failure::Json => None,
            Failure::Field(name) => Some(name),
            other => panic!("{other}"),
        };
        assert_eq!(code("[1,"), None);
        assert_eq!(code("{}x"), None);
        assert_eq!(code("{}").as_deref(), Some("reserve_pub"));
        assert_eq!(code("[1]").as_deref(), Some(""));
        assert_eq!(code(r#"{"amount": 7}"#).as_deref(), Some("amount"));
        assert_eq!(
            code("{\n\"x\": [{\"y\": 1}],\n \"amount\" :\n\"EUR\"}").as_deref(),
            Some("amount")
        );
        assert_eq!(last_member(br#"{"a": [{"b\"": 1}, {"c": "x"#), "c");
        assert_eq!(last_member(br#"{"a": [{"b": 1}, "#), "a");
        assert_eq!(last_member(br#"{"a": {"b": 1}, "#), "a");
        assert_eq!(last_member(br#"{"a": {"b": 1}"#), "b");
    }
}

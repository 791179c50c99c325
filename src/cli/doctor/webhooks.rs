//! Checks that webhooks arrive: which fail, which are out of use, and which the address guard blocks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Line;
use crate::cli::Error;
use crate::config::{Config, Listen};
use crate::model::webhook::Webhook;
use crate::store::{self, Read, instances, webhooks};
use crate::till::{Finding, WebhookState};
use crate::webhook::address::{Refused, SystemLookup};
use crate::webhook::{AddressGuard, Escaping, Parts, RequestTemplate};
use system::clock::show;
use taler::ids::InstanceId;
use url::Url;

/// How long to wait for the addresses of a name.
const LOOKUP: Duration = Duration::from_secs(2);
/// Most names that are looked up: each may take that long.
const MAX_LOOKUPS: usize = 20;

/// The webhooks of all instances that are not deleted.
///
/// # Errors
/// [`store::Error`].
pub(super) fn all(db: &Read<'_>) -> store::Result<Vec<(InstanceId, Webhook)>> {
    let mut all = Vec::new();
    for instance in instances::list(db)? {
        if !instance.is_deleted() {
            let own = webhooks::list(db, instance.serial)?.into_iter();
            all.extend(own.map(|webhook| (instance.id.clone(), webhook)));
        }
    }
    Ok(all)
}

/// Which addresses the daemon lets webhooks call.
fn guard(config: &Config) -> AddressGuard {
    let own = |listen: &Listen| match listen {
        Listen::Tcp(address) => Some(*address),
        Listen::Unix(_) => None,
    };
    AddressGuard {
        allow: config.webhooks.allow.clone(),
        allow_http: config.webhooks.allow_http,
        own: config.server.listen.iter().chain(&config.admin.listen).filter_map(own).collect(),
    }
}

/// An address that calls of the webhook have; `None` when its texts cannot be read any more.
fn target(webhook: &Webhook) -> Option<Url> {
    let settings = &webhook.settings;
    // Only the address is looked at.
    let (header_template, body_template) = (None, None);
    let (method, escaping) = (crate::webhook::HttpMethod::Get, Escaping::Raw);
    let parts = Parts { url: &settings.url, method, header_template, body_template, escaping };
    Some(RequestTemplate::parse(parts).ok()?.target().clone())
}

/// Looks at all webhooks of the shops; looks up the names that they call.
///
/// # Errors
/// [`Error::Other`] when no thread can be started.
pub(super) fn check(config: &Config, all: &[(InstanceId, Webhook)]) -> Result<Vec<Line>, Error> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Error::Other(error.to_string()))?;
    let guard = guard(config);
    let mut known = BTreeMap::new();
    let mut has_more = false;
    let mut lines = Vec::new();
    for (instance, webhook) in all {
        let url = target(webhook);
        let refused = url.and_then(|url| {
            let host = url.host_str().map(str::to_owned);
            let place = (url.scheme().to_owned(), url.username().to_owned(), host, url.port());
            // Another webhook with the same host has the same outcome.
            if let Some(refused) = known.get(&place) {
                return *refused;
            }
            if known.len() >= MAX_LOOKUPS {
                has_more = true;
                return None;
            }
            let checking = guard.check_resolved(&url, &SystemLookup);
            // A name that nobody knows in time is not blocked.
            let checked = runtime.block_on(async { tokio::time::timeout(LOOKUP, checking).await });
            let refused = checked.unwrap_or(Ok(())).err();
            known.insert(place, refused);
            refused
        });
        lines.extend(judge(instance, webhook, refused));
    }
    // A lookup that takes longer is not waited for.
    runtime.shutdown_background();
    if has_more {
        lines.push(Line::Ok(format!(
            "webhooks: the addresses of {MAX_LOOKUPS} receivers were looked up, not those of the others"
        )));
    }
    if lines.is_empty() {
        lines.push(Line::Ok(format!("webhooks: {}, none of which fails", all.len())));
    }
    Ok(lines)
}

/// What is wrong with a webhook; `refused`: why its address may not be called.
fn judge(instance: &InstanceId, webhook: &Webhook, refused: Option<Refused>) -> Option<Line> {
    let (id, name) = (&webhook.id, format!("webhook {} of {instance}", webhook.id));
    if let Some(refused) = refused {
        let remedy = match refused {
            Refused::Address => {
                "if it is meant to be called, add its address to allow under [webhooks]".to_owned()
            }
            Refused::Scheme => {
                "give it an https:// address, or set allow_http under [webhooks]".into()
            }
            Refused::UserInfo | Refused::Port => format!("give {id} another address"),
        };
        let finding = Finding::Webhook(WebhookState::Blocked);
        return Some(Line::of(&finding, format!("{name}: {refused}"), remedy));
    }
    let log = format!("see why: tilld webhook log {instance} {id}");
    let (sentence, remedy) = match (WebhookState::of(webhook), webhook.failing_since) {
        (WebhookState::Arrives | WebhookState::Blocked, _) => return None,
        (WebhookState::Unwanted, _) => (
            "out of use, because its receiver wanted no more calls".to_owned(),
            "delete it if it is not needed; else use it again on the page Webhooks".to_owned(),
        ),
        (WebhookState::GivenUp, _) => (
            "out of use, because nothing could be delivered for days".to_owned(),
            format!(
                "{log}; then use it again on the page Webhooks, and: tilld webhook resend {instance} {id}"
            ),
        ),
        (WebhookState::Fails, since) => (
            format!("fails since {}", since.map(show).unwrap_or_default()),
            format!("{log}; try it: tilld webhook test {instance} {id}"),
        ),
    };
    let finding = Finding::Webhook(WebhookState::of(webhook));
    Some(Line::of(&finding, format!("{name}: {sentence}"), remedy))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::instance::InstanceSerial;
    use crate::model::webhook::{
        DisabledWhy, EventType, HttpMethod, Secret, Secrets, WebhookSerial, WebhookSettings,
    };
    use taler::ids::WebhookId;
    use taler::time::Timestamp;

    fn webhook(disabled_why: Option<DisabledWhy>, failing_since: Option<u64>) -> Webhook {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        Webhook {
            serial: WebhookSerial(1),
            instance: InstanceSerial(1),
            id: WebhookId::parse("paid").unwrap(),
            settings: WebhookSettings {
                event_type: EventType::Pay,
                url: "https://shop.example/{{order_id}}".into(),
                http_method: HttpMethod::Post,
                header_template: None,
                body_template: None,
            },
            secrets: Secrets { current: Secret::new([1; 32]).unwrap(), old: None },
            active: disabled_why.is_none(),
            disabled_why,
            created_at: at(1),
            last_success: None,
            failing_since: failing_since.map(at),
        }
    }

    #[test]
    fn a_webhook_that_does_not_arrive_is_named_with_what_to_do() {
        let of = |webhook: &Webhook, refused| judge(&InstanceId::admin(), webhook, refused);
        assert_eq!(of(&webhook(None, None), None), None);
        let Some(Line::Warn(said, remedy)) = of(&webhook(None, Some(1_700_000_000)), None) else {
            panic!()
        };
        assert!(said.contains("paid of admin: fails since 2023-11-14"), "{said}");
        assert!(remedy.contains("tilld webhook log admin paid"), "{remedy}");
        let found = of(&webhook(Some(DisabledWhy::Failing), Some(1)), None);
        assert!(matches!(found, Some(Line::Fail(..))));
        let found = of(&webhook(Some(DisabledWhy::Gone), None), None);
        assert!(matches!(found, Some(Line::Warn(..))));
        let Some(Line::Fail(said, _)) = of(&webhook(None, None), Some(Refused::Address)) else {
            panic!()
        };
        assert!(said.ends_with("address not allowed"), "{said}");
        assert_eq!(target(&webhook(None, None)).unwrap().as_str(), "https://shop.example/0");
    }
}

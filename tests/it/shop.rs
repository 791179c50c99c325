//! Public information: `/config` and similar routes.

use serde_json::json;

use crate::common::Place;

#[test]
fn a_shops_software_recognises_the_backend_at_every_instance() {
    let place = Place::new();
    place.instance("bar");
    let daemon = place.start();

    let root = daemon.get("/config");
    assert_eq!(root.status, 200);
    let config = root.json();
    assert_eq!(config["name"], "taler-merchant");
    assert_eq!(config["version"], "27:0:26");
    assert!(config["implementation"].as_str().unwrap().starts_with("urn:"));
    assert_eq!(config["currency"], "KUDOS");
    assert_eq!(config["exchanges"], json!([]));
    for currency in ["KUDOS", "EUR", "CHF", "USD", "HUF"] {
        let specification = &config["currencies"][currency];
        assert_eq!(specification["currency"], currency);
        assert!(specification["alt_unit_names"]["0"].is_string());
    }
    for path in [
        "/instances/bar/config",
        "/instances/BAR/config/",
        "/instances/admin/config",
        "/instances/default/config",
        "/config/",
    ] {
        assert_eq!(daemon.get(path).json(), config, "{path}");
    }
    assert_eq!(daemon.get("/instances/pub/config").failure(), (404, 2000));
    assert_eq!(daemon.get("/instances/x/config").failure(), (400, 29));
}

#[test]
fn trusted_exchanges_are_named() {
    let place = Place::new();
    let key = "8307MFV7XKCZ2QQTTJ5RCKX613WVXNBTRTE41XSJMZAT49742QD0";
    let file = place.dir.path().join("tilld.toml");
    let text = format!(
        "[currency]\ndefault = 'EUR'\n[[currency.specification]]\ncurrency = 'PTS'\nname = 'Points'\n\
         num_fractional_input_digits = 0\nnum_fractional_normal_digits = 0\n\
         num_fractional_trailing_zero_digits = 0\nalt_unit_names = {{ '0' = 'pt' }}\n\
         [[exchange]]\nbase_url = 'http://127.0.0.1:1/'\nmaster_public_key = '{key}'\n\
         currency = 'EUR'\n"
    );
    std::fs::write(&file, text).unwrap();
    let daemon = place.start_with(&[("TILLD_CONFIG", file.to_str().unwrap())]);

    let config = daemon.get("/config").json();
    assert_eq!(config["currency"], "EUR");
    assert_eq!(config["currencies"]["PTS"]["name"], "Points");
    let exchange = json!({
        "base_url": "http://127.0.0.1:1/", "currency": "EUR", "master_pub": key,
    });
    assert_eq!(config["exchanges"], json!([exchange]));
    let status = daemon.get("/exchanges").json();
    assert_eq!(status["exchanges"][0]["exchange_url"], "http://127.0.0.1:1/");
    assert_eq!(status["exchanges"][0]["keys_http_status"], 0);
}

#[test]
fn head_is_answered_wherever_get_is() {
    let place = Place::new();
    let daemon = place.start();
    let get = daemon.get("/config");
    let head = daemon.ask("HEAD", "/config").send();
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers["content-length"], get.headers["content-length"]);
}

#[test]
fn a_browser_of_another_origin_may_ask_everywhere() {
    let place = Place::new();
    let daemon = place.start();
    for path in ["/config", "/private/tokens", "/nowhere"] {
        let preflight = daemon
            .ask("OPTIONS", path)
            .header("Origin", "https://shop.example")
            .header("Access-Control-Request-Method", "DELETE")
            .header("Access-Control-Request-Headers", "authorization")
            .send();
        assert_eq!(preflight.status, 204, "{path}");
        assert_eq!(preflight.headers["access-control-allow-origin"], "*");
        assert!(preflight.headers["access-control-allow-headers"].contains("Authorization"));
        assert!(preflight.headers["access-control-allow-methods"].contains("DELETE"));
        let allowed = preflight.headers["access-control-allow-headers"].to_ascii_lowercase();
        let allowed: Vec<_> = allowed.split(", ").collect();
        assert!(!allowed.iter().any(|name| name.contains('*') || name.contains("forward")));
        for name in ["authorization", "content-type", "taler-challenge-ids", "if-none-match"] {
            assert!(allowed.contains(&name), "{name}");
        }
    }
    let answer = daemon.get("/config");
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(answer.headers["access-control-expose-headers"].contains("Taler"));
}

#[test]
fn the_public_address_is_configured_or_as_a_trusted_proxy_says() {
    let place = Place::new();
    let seen = |variables: &[(&str, &str)]| {
        let daemon = place.start_with(variables);
        daemon
            .ask("GET", "/")
            .header("Host", "shop.example")
            .header("X-Forwarded-Proto", "https")
            .header("X-Forwarded-Prefix", "/till")
            .send()
            .text
    };
    let listed = seen(&[("TILLD_SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    assert!(listed.contains("https://shop.example/till/"), "{listed}");
    // On this machine is a proxy only if somebody says so.
    for untrusted in [seen(&[]), seen(&[("TILLD_SERVER__TRUSTED_PROXIES", "10.0.0.0/8")])] {
        assert!(untrusted.contains("http://shop.example/\n"), "{untrusted}");
    }
    let fixed = seen(&[("TILLD_SERVER__BASE_URL", "https://fixed.example/")]);
    assert!(fixed.contains("https://fixed.example/\n"), "{fixed}");
}

#[test]
fn documents_are_shown_in_the_readers_language_and_remembered() {
    let place = Place::new();
    let terms = place.dir.path().join("terms.md");
    let german = place.dir.path().join("terms.de.md");
    std::fs::write(&terms, "# Be kind\n").unwrap();
    std::fs::write(&german, "# Sei nett\n").unwrap();
    let paths = format!("{},{}", terms.display(), german.display());
    let daemon = place.start_with(&[("TILLD_LEGAL__TERMS", &paths)]);

    let english = daemon.get("/terms");
    assert_eq!((english.status, english.text.as_str()), (200, "# Be kind\n"));
    assert_eq!(english.headers["content-type"], "text/markdown; charset=utf-8");
    assert_eq!(english.headers["avail-languages"], "de,en");
    let reply = daemon.ask("GET", "/terms").header("Accept-Language", "de-AT").send();
    assert_eq!(
        (reply.text.as_str(), reply.headers["content-language"].as_str()),
        ("# Sei nett\n", "de")
    );
    let tag = &english.headers["etag"];
    assert_eq!(tag.trim_matches('"'), english.headers["taler-terms-version"]);
    let again = daemon.ask("GET", "/terms").header("If-None-Match", tag).send();
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    let pdf = daemon.ask("GET", "/terms").header("Accept", "application/pdf").send();
    assert_eq!(pdf.failure(), (406, 78));
    assert_eq!(daemon.get("/privacy").failure(), (404, 21));
}

#[test]
fn the_licence_can_be_read_or_the_source_found() {
    let place = Place::new();
    assert!(place.start().get("/agpl").text.contains("AFFERO"));
    let daemon = place.start_with(&[("TILLD_SERVER__SOURCE_URL", "https://code.example/tilld")]);
    let answer = daemon.raw(b"GET /agpl HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 302 ") && answer.contains("https://code.example/tilld"));
}

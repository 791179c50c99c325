//! The table of texts, each in English and German. A new text is added in both.
//!
//! `{}` stands for what is put in, from left to right; see [`filled`].

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $german:literal;)*) => {
        /// Every text of our pages, in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "a text says itself what it says")]
        pub struct Messages {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        /// The texts in English.
        pub static ENGLISH: Messages = Messages { $($name: $english,)* };
        /// The texts in German.
        pub static GERMAN: Messages = Messages { $($name: $german,)* };

        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $german),)*];
    };
}

messages! {
    // Times.
    never:   "never",   "nie";
    forever: "forever", "für immer";
    second:  "second",  "Sekunde";
    seconds: "seconds", "Sekunden";
    minute:  "minute",  "Minute";
    minutes: "minutes", "Minuten";
    hour:    "hour",    "Stunde";
    hours:   "hours",   "Stunden";
    day:     "day",     "Tag";
    days:    "days",    "Tage";

    // Refusals.
    not_found_title: "Page not found", "Seite nicht gefunden";
    not_found: "The link may be incomplete, or its page may have been removed. Please ask the shop.",
        "Vielleicht ist der Link unvollständig, oder seine Seite wurde entfernt. Bitte fragen Sie im Laden.";
    gone_title: "No longer available", "Nicht mehr verfügbar";
    gone: "The page behind this link is no longer available. Please ask the shop.",
        "Die Seite hinter diesem Link gibt es nicht mehr. Bitte fragen Sie im Laden.";
    refused_title: "That did not work", "Das ging nicht";
    refused: "The till did not understand this request. Please go back and try again.",
        "Die Kasse konnte mit dieser Anfrage nichts anfangen. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
    too_much_title: "Too many requests", "Zu viele Anfragen";
    too_much: "The till is getting too many orders right now. Please wait a minute and try again.",
        "Die Kasse hat gerade zu viele Bestellungen bekommen. Bitte warten Sie eine Minute und versuchen Sie es noch einmal.";
    broken_title: "Something is wrong here", "Hier stimmt etwas nicht";
    broken: "The till cannot answer at the moment. Nothing is lost. Please try again later.",
        "Die Kasse kann im Augenblick nicht antworten. Nichts ist verloren. Bitte versuchen Sie es später noch einmal.";

    // Order pages.
    expired_title: "The time to pay has passed", "Die Zeit zum Bezahlen ist um";
    expired: "This order can no longer be paid. If you still want it, please order again, or ask the shop.",
        "Diese Bestellung kann nicht mehr bezahlt werden. Wenn Sie sie noch möchten, bestellen Sie bitte neu, oder fragen Sie im Laden.";
    pay_title: "To pay: {}", "Zu bezahlen: {}";
    paid_title: "Paid: {}", "Bezahlt: {}";
    open_wallet: "Pay with the wallet on this device", "Mit der Wallet auf diesem Gerät bezahlen";
    scan: "Or scan this with the wallet on your phone:", "Oder mit der Wallet auf dem Handy scannen:";
    qr_pay: "QR code to pay with", "QR-Code zum Bezahlen";
    qr_refund: "QR code to collect the refund with", "QR-Code zum Abholen der Erstattung";
    waiting: "Waiting for your payment …", "Wir warten auf Ihre Zahlung …";
    time_left: "Time left to pay:", "Zeit zum Bezahlen:";
    claimed: "A wallet has opened this order. Please confirm the payment there.",
        "Eine Wallet hat diese Bestellung geöffnet. Bitte bestätigen Sie die Zahlung dort.";
    paid_elsewhere: "This has been paid for already, but not for this visit. Please open it with the wallet that paid; it costs nothing again.",
        "Das ist schon bezahlt, aber nicht für diesen Besuch. Bitte öffnen Sie es mit der Wallet, die bezahlt hat; es kostet nicht noch einmal.";
    no_wallet: "No wallet yet?", "Noch keine Wallet?";
    get_wallet: "Get a GNU Taler wallet", "Eine Wallet für GNU Taler holen";
    wallet_url: "https://www.taler.net/en/wallet.html", "https://www.taler.net/de/wallet.html";
    wallet_hint: "It is free, holds money like a purse, and pays without telling who you are.",
        "Sie kostet nichts, bewahrt Geld wie ein Portemonnaie und bezahlt, ohne zu sagen, wer Sie sind.";
    paid: "Paid. Thank you!", "Bezahlt. Vielen Dank!";
    receipt: "Receipt", "Beleg";
    order_number: "Order", "Bestellung";
    paid_at: "Paid", "Bezahlt";
    shop: "Shop", "Laden";
    what: "For", "Für";
    amount: "Amount", "Betrag";
    line_total: "Total", "Summe";
    product: "Product", "Ware";
    quantity: "Quantity", "Menge";
    more_products: "and {} more", "und {} weitere";
    go_on: "Go on to what you have bought", "Weiter zu dem, was Sie gekauft haben";
    refund_title: "{} for you", "{} für Sie";
    refund_waiting: "The shop gives you money back. Your wallet collects it:",
        "Der Laden gibt Ihnen Geld zurück. Ihre Wallet holt es ab:";
    refund_open: "Collect with the wallet on this device", "Mit der Wallet auf diesem Gerät abholen";
    refund_poll: "Waiting for your wallet …", "Wir warten auf Ihre Wallet …";
    refunded: "Refunded", "Erstattet";
    refunded_partly: "{} of it was given back.", "{} davon wurden zurückgegeben.";
    refunded_wholly: "All of it was given back.", "Alles wurde zurückgegeben.";
    refund_uncollected: "Not yet collected", "Noch nicht abgeholt";

    // Template pages.
    order_this: "Order and pay", "Bestellen und bezahlen";
    how_much: "How much?", "Wie viel?";
    currency: "Currency", "Währung";
    what_for: "What for?", "Wofür?";
    tip: "Tip", "Trinkgeld";
    if_you_like: "If you like.", "Wenn Sie möchten.";
    qr_template: "QR code to order and pay with", "QR-Code zum Bestellen und Bezahlen";
    open_template: "Open in the wallet on this device", "In der Wallet auf diesem Gerät öffnen";
    fault_amount: "Please say how much, like this: {}", "Bitte sagen Sie, wie viel, etwa so: {}";
    fault_currency: "This is sold in another currency.", "Das wird in einer anderen Währung verkauft.";
    fault_summary: "Please say what it is for, in a few words.", "Bitte sagen Sie in ein paar Worten, wofür es ist.";
    fault_template: "This was changed by the shop meanwhile. Please look again.",
        "Das hat der Laden inzwischen geändert. Bitte schauen Sie noch einmal.";
    fault_shop: "The shop cannot take this payment at the moment. Please tell it.",
        "Der Laden kann diese Zahlung im Augenblick nicht annehmen. Bitte sagen Sie es ihm.";
    only_from_page: "This is sold on a page on the web. Please go there; it leads your wallet here.",
        "Das wird auf einer Seite im Netz verkauft. Bitte gehen Sie dorthin; sie führt Ihre Wallet hierher.";
    print: "To hang up at the counter:", "Zum Aushängen an der Kasse:";
    sheet_scan: "Scan with your GNU Taler wallet", "Mit Ihrer GNU-Taler-Wallet scannen";
    sheet_you_say: "You say how much", "Sie sagen, wie viel";
    sheet_or: "Or open this in a browser:", "Oder im Browser öffnen:";
    sheet_hint: "Print this page with your browser. It fits on {}, and says nothing but what is seen here.",
        "Drucken Sie diese Seite mit Ihrem Browser. Sie passt auf {} und sagt nur, was hier zu sehen ist.";
    back: "Back", "Zurück";

    // Front pages.
    home_what: "This is a till for GNU Taler. Wallets pay here, and web shops check payments here.",
        "Das ist eine Kasse für GNU Taler. Wallets bezahlen hier, und Webläden fragen hier, was bezahlt ist.";
    home_customer: "To pay for something, please open the link or scan the code that the shop gave you.",
        "Um etwas zu bezahlen, öffnen Sie bitte den Link oder scannen Sie den Code, den Ihnen der Laden gegeben hat.";
    home_address: "Its address for shops and wallets:", "Ihre Adresse für Läden und Wallets:";
    home_office: "Back office", "Büro des Ladens";
    home_office_hint: "For the people who run the shop.", "Für die Leute, die den Laden führen.";
    home_source: "Free software: source and licence", "Freie Software: Quelltext und Lizenz";

    // The back office: every page.
    skip_to_content: "Skip to content", "Zum Inhalt springen";
    navigation: "Back office", "Verwaltung";
    pages: "Pages", "Seiten";
    sign_out: "Sign out", "Abmelden";
    offline: "The till does not answer. What you see may be out of date; this page tries again by itself.",
        "Die Kasse antwortet nicht. Was Sie sehen, ist vielleicht veraltet; diese Seite versucht es von selbst wieder.";
    till_mode_leave: "Back office", "Verwaltung";
    names_this_machine: "This code contains the address of this machine (127.0.0.1), which no phone can reach. Set server.base_url to the address that phones use.",
        "Dieser Code nennt diesen Rechner selbst (127.0.0.1): kein Handy erreicht ihn. Setzen Sie server.base_url auf die Adresse, die Handys benutzen.";
    warn_this_machine: "The shop's address is that of this machine (127.0.0.1), so no phone can pay. Set server.base_url in tilld.toml to the address that phones use.",
        "Die Adresse des Ladens nennt diesen Rechner selbst (127.0.0.1), also kann kein Handy bezahlen. Setzen Sie server.base_url in tilld.toml auf die Adresse, die Handys benutzen.";
    back_to_office: "Back to the back office", "Zurück zur Verwaltung";
    office_not_found: "This page does not exist, or its subject was deleted.",
        "Diese Seite gibt es nicht, oder ihr Gegenstand wurde gelöscht.";
    forged_title: "This form was not sent from here", "Dieses Formular kam nicht von hier";
    forged: "Nothing was done. The form came from another site, or from a page that was opened before you signed in. Please open the page again and repeat.",
        "Es wurde nichts getan. Das Formular kam von einer anderen Seite oder von einer, die vor der Anmeldung geöffnet wurde. Bitte öffnen Sie die Seite neu und wiederholen Sie die Eingabe.";
    not_permitted: "Your access does not allow this.", "Ihr Zugang erlaubt das nicht.";

    // The back office: signing in.
    sign_in: "Sign in", "Anmelden";
    sign_in_title: "Sign in to the back office", "Bei der Verwaltung anmelden";
    instance: "Shop", "Laden";
    instance_hint: "The short name of the shop in addresses; the first one is called admin",
        "Der Kurzname des Ladens in Adressen; der erste heißt admin";
    password: "Password", "Passwort";
    wrong_password: "Wrong shop or password.", "Laden oder Passwort stimmen nicht.";
    too_many_attempts: "Too many password attempts. Please wait a minute.",
        "Es wurden zu viele Passwörter versucht. Bitte warten Sie eine Minute.";
    plain_way: "This connection is not encrypted: others in the same network can read the password and act in your name. Use https if you can.",
        "Diese Verbindung ist nicht verschlüsselt: andere im selben Netz können das Passwort mitlesen und in Ihrem Namen handeln. Benutzen Sie möglichst https.";
    session_expired: "You were signed out after a time of inactivity. Please sign in again.",
        "Sie wurden nach einer Zeit ohne Aktivität abgemeldet. Bitte melden Sie sich wieder an.";
    said_signed_out: "You are signed out.", "Sie sind abgemeldet.";
    signed_out_title: "You are signed out", "Sie sind abgemeldet";
    signed_out: "Please sign in again.", "Bitte melden Sie sich wieder an.";

    // The back office: orders.
    tab_orders: "Orders", "Bestellungen";
    new_order: "New order", "Neue Bestellung";
    show: "Show", "Zeige";
    show_all: "all", "alle";
    show_unpaid: "unpaid", "unbezahlte";
    show_paid: "paid", "bezahlte";
    show_refunded: "refunded", "erstattete";
    search: "Search", "Suche";
    search_hint: "Text or order number", "Text oder Bestellnummer";
    from_day: "From", "Von";
    until_day: "Until", "Bis";
    hide_bought: "Leave out what a customer opened again who has paid for it before", "Weglassen, was jemand noch einmal geöffnet hat, der es schon bezahlt hat";
    look: "Look", "Suchen";
    no_date: "A date is missing a part or does not exist.", "Ein Datum ist unvollständig oder gibt es nicht.";
    no_orders: "There are no such orders.", "Es gibt keine solchen Bestellungen.";
    newer: "Newer", "Neuere";
    older: "Older", "Ältere";
    is_unpaid: "unpaid", "unbezahlt";
    is_claimed: "being paid", "wird bezahlt";
    is_expired: "expired", "abgelaufen";
    is_paid: "paid", "bezahlt";
    refund_waits: "refund waiting", "Erstattung wartet";
    refund_refused: "refund refused", "Erstattung abgelehnt";
    is_partly_refunded: "partly refunded", "teils erstattet";
    is_refunded: "refunded", "erstattet";

    // The back office: one order.
    history: "History", "Verlauf";
    was_made: "Created", "Angelegt";
    was_claimed: "Claimed by a wallet", "Von einer Wallet übernommen";
    was_paid: "Paid", "Bezahlt";
    was_refunded: "Refund", "Erstattung";
    refund_fetched: "the customer has it", "beim Kunden";
    refund_not_fetched: "not fetched yet", "noch nicht abgeholt";
    refund_refused_by: "{} of it refused by the exchange for good, {}", "{} davon hat der Exchange endgültig abgelehnt, {}";
    refund_refused_hint: "The exchange has refused to give {} back, and no wallet can collect it any more: most likely the money has gone to your bank account already. Please pay the customer back in another way.",
        "Der Exchange hat abgelehnt, {} zurückzugeben, und keine Wallet kann es mehr abholen: wahrscheinlich ist das Geld schon auf Ihrem Bankkonto. Bitte zahlen Sie es dem Kunden auf andere Weise zurück.";
    by_wallet: "with a Taler wallet", "mit einer Taler-Wallet";
    by_cash: "in cash", "bar";
    by_card: "by card", "mit Karte";
    by_bank: "by bank transfer", "per Überweisung";
    by_other: "in another way", "auf andere Weise";
    payable_until: "To be paid until", "Zu bezahlen bis";
    refundable_until: "Refunds possible until", "Erstattung möglich bis";
    office_order_number: "Order number", "Bestellnummer";
    customers_page: "The customer's page", "Die Seite für den Kunden";
    for_customer_pay: "For the customer to pay", "Damit bezahlt der Kunde";
    for_customer_refund: "For the customer to fetch the refund", "Damit holt der Kunde die Erstattung";
    qr_code: "QR code for the customer's wallet", "QR-Code für die Wallet des Kunden";
    office_open_wallet: "Open in wallet", "In der Wallet öffnen";
    refund: "Refund", "Erstatten";
    refund_left: "Can still be given back:", "Kann noch erstattet werden:";
    refund_amount: "Give back", "Zurückgeben";
    refund_reason: "Reason", "Grund";
    refund_reason_hint: "For the books; the customer does not see it", "Für die Bücher; der Kunde sieht ihn nicht";
    grant_refund: "Grant the refund", "Erstattung gewähren";
    paid_at_counter: "Paid at the counter", "An der Theke bezahlt";
    method: "How", "Wie";
    reference: "Reference", "Beleg";
    reference_hint: "Receipt number, for example; may stay empty", "Zum Beispiel die Belegnummer; darf leer bleiben";
    record_payment: "Record the payment", "Zahlung eintragen";
    delete_order: "Delete", "Löschen";
    delete_hint: "The order is deleted permanently. Paid orders are kept for the books.",
        "Die Bestellung verschwindet endgültig. Was bezahlt ist, bleibt für die Bücher.";
    delete_force: "Delete although a wallet may be paying it right now", "Löschen, obwohl eine Wallet sie gerade bezahlen könnte";
    delete_now: "Delete this order", "Diese Bestellung löschen";
    said_made: "The order was created.", "Die Bestellung ist angelegt.";
    said_paid: "The payment was recorded.", "Die Zahlung ist eingetragen.";
    said_refunded: "The refund was granted.", "Die Erstattung ist gewährt.";
    said_deleted: "The order was deleted.", "Die Bestellung ist gelöscht.";

    // The back office: why something does not go.
    no_amount: "Please type an amount like 12.50, above zero and without marks between thousands.",
        "Bitte einen Betrag wie 12,50 eingeben, größer als null und ohne Punkte zwischen den Tausendern.";
    amount_too_fine: "This currency has at most {} digits after the decimal mark; please leave out marks between thousands.",
        "Diese Währung hat höchstens {} Nachkommastellen; bitte keine Punkte zwischen den Tausendern.";
    reason_needed: "Please give a reason for the books.", "Bitte geben Sie für die Bücher einen Grund an.";
    text_needed: "Please say what is bought.", "Bitte sagen Sie, was gekauft wird.";
    method_needed: "Please say how it was paid.", "Bitte sagen Sie, wie bezahlt wurde.";
    too_long: "This text is too long.", "Dieser Text ist zu lang.";
    no_url: "Please type a whole address that begins with https://.", "Bitte eine ganze Adresse eingeben, die mit https:// beginnt.";
    no_count: "Please type a whole number.", "Bitte eine ganze Zahl eingeben.";
    refunded_meanwhile: "The refunds of this order were changed meanwhile, perhaps by this very form. Nothing was done now; please look at the history and try again if need be.",
        "Die Erstattungen dieser Bestellung haben sich inzwischen geändert, vielleicht durch eben dieses Formular. Jetzt wurde nichts getan; bitte sehen Sie im Verlauf nach und versuchen Sie es nötigenfalls noch einmal.";
    already_paid: "The order is paid already, in another way.", "Die Bestellung ist schon bezahlt, auf andere Weise.";
    awaiting_payment: "A wallet has claimed this order and may still pay it. Tick the box to delete it anyway.",
        "Eine Wallet hat diese Bestellung übernommen und kann sie noch bezahlen. Mit dem Häkchen wird sie trotzdem gelöscht.";
    must_be_kept: "Money was paid for this order, so it must be kept for the books.",
        "Für diese Bestellung ist Geld geflossen, darum muss sie für die Bücher bleiben.";
    refund_of_unpaid: "The order is not paid, so there is nothing to give back.",
        "Die Bestellung ist nicht bezahlt, es gibt also nichts zu erstatten.";
    refund_not_allowed: "This order was sold without the possibility of refunds.",
        "Diese Bestellung wurde ohne die Möglichkeit der Erstattung verkauft.";
    refund_too_late: "The time for refunds of this order is over.", "Die Zeit für Erstattungen dieser Bestellung ist vorbei.";
    refund_inconsistent: "All refunds together cannot be more than the price.",
        "Alle Erstattungen zusammen können nicht mehr als der Preis sein.";
    refund_below_fee: "The exchange's fee for this refund would be higher than the refund.",
        "Die Gebühr des Exchange für diese Erstattung wäre höher als die Erstattung.";
    no_account: "The shop has no bank account in use. Please add one first.",
        "Der Laden hat kein benutztes Bankkonto, auf das das Geld gehen könnte. Bitte legen Sie zuerst eines an.";
    no_exchange: "No exchange that this till trusts can pay the shop's account in this currency.",
        "Kein Exchange, dem diese Kasse traut, kann in dieser Währung auf das Konto des Ladens auszahlen.";
    unknown_currency: "This till does not know the currency.", "Diese Kasse kennt die Währung nicht.";
    pay_deadline_past: "The time to pay would be over already.", "Die Zeit zum Bezahlen wäre schon vorbei.";
    deadlines_clash: "The refund deadline does not fit the other deadlines of the order.",
        "Die Zeit für Erstattungen passt nicht zu den anderen Zeiten der Bestellung.";

    // The back office: a new order.
    what_is_bought: "What is bought", "Was gekauft wird";
    amount_in: "Amount in", "Betrag in";
    more: "More", "Mehr";
    fulfillment_url: "Page after payment", "Seite nach der Zahlung";
    fulfillment_url_hint: "Where the customer finds what was bought; may stay empty",
        "Wo der Kunde das Gekaufte findet; darf leer bleiben";
    fulfillment_message: "Message after payment", "Nachricht nach der Zahlung";
    fulfillment_message_hint: "The wallet shows it; may stay empty", "Die Wallet zeigt sie; darf leer bleiben";
    pay_minutes: "Minutes to pay", "Minuten zum Bezahlen";
    refund_days: "Days in which refunds are possible", "Tage, in denen Erstattungen möglich sind";
    as_usual: "Empty: as usual in this shop", "Leer: wie in diesem Laden üblich";
    make_order: "Create the order", "Bestellung anlegen";

    // The back office: the till.
    tab_till: "Till", "Kasse";
    keypad: "Keypad", "Tastenfeld";
    decimal_mark: "Decimal mark", "Komma";
    key_back: "Delete the last digit", "Letzte Ziffer löschen";
    sale_text: "Text for the receipt (optional)", "Text für den Beleg (freiwillig)";
    a_sale: "Purchase", "Einkauf";
    charge: "Charge", "Kassieren";
    today: "Today", "Heute";
    nothing_yet: "Nothing yet.", "Noch nichts.";
    sum_paid: "Paid", "Bezahlt";
    sum_refunded: "Refunded", "Erstattet";
    sum_rest: "Left", "Bleibt";
    is_paid_now: "Paid", "Bezahlt";
    sale_over: "The time to pay has passed.", "Die Zeit zum Bezahlen ist vorbei.";
    paid_in_cash: "Paid in cash", "Bar bezahlt";
    cancel_sale: "Cancel", "Abbrechen";
    next_sale: "Next sale", "Nächster Verkauf";
    sound: "Sound when paid", "Ton bei der Zahlung";
    said_cancelled: "The sale is cancelled.", "Der Verkauf ist abgebrochen.";

    // The back office: the books.
    tab_export: "Export", "Export";
    payments: "Payments", "Zahlungen";
    refunds: "Refunds", "Erstattungen";
    time_zone: "Time zone", "Zeitzone";
    time_zone_hint: "In which the days begin and end, like Europe/Berlin",
        "In der die Tage beginnen und enden, wie Europe/Berlin";
    reckon: "Show", "Zeigen";
    no_zone: "There is no such time zone. Example: Europe/Zurich.",
        "Diese Zeitzone gibt es nicht. Eine sieht aus wie Europe/Zurich.";
    business_day: "Business day", "Geschäftstag";
    shop_zone_hint: "For totals, exports and times, like Europe/Berlin. Left empty, it is the daemon's own",
        "Für Summen, Exporte und Zeiten, wie Europe/Berlin. Leer heißt: die des Rechners";
    day_end_hour: "The day ends at (hour)", "Der Tag endet um (Stunde)";
    day_end_hour_hint: "0 is midnight; 4 counts what a bar sells until four in the morning to the day before",
        "0 ist Mitternacht; bei 4 zählt, was eine Bar bis vier Uhr früh verkauft, zum Tag davor";
    no_hour: "The day ends at an hour from 0 to 23.", "Der Tag endet zu einer Stunde von 0 bis 23.";
    spreadsheet: "Spreadsheet (XLSX)", "Tabelle (XLSX)";
    open_spreadsheet: "Spreadsheet (ODS)", "Tabelle (ODS)";
    local_csv: "CSV for spreadsheets", "CSV für Tabellen";
    export_all: "All of these together", "Alles zusammen";
    export_all_hint: "Downloaded together, they show the same moment and agree with each other.",
        "Zusammen heruntergeladen stammen sie aus einem Augenblick und passen zueinander.";
    days_backwards: "The last day is before the first.", "Der letzte Tag liegt vor dem ersten.";

    // The back office: the shop's settings (templates, accounts, tokens, password, status, shops).
    said_kept: "Saved.", "Gespeichert.";
    said_gone: "Deleted.", "Gelöscht.";
    said_revoked: "The token was revoked.", "Der Zugang gilt nicht mehr.";
    said_password_changed: "The password was changed. All other browsers have to sign in again.",
        "Das Passwort ist geändert. Wer sonst noch angemeldet war, muss sich neu anmelden.";
    keep: "Save", "Speichern";
    name_taken: "This name is taken.", "Dieser Name ist vergeben.";
    note_needed: "Please give it a name.", "Bitte geben Sie einen Namen an.";
    choose_one: "Please choose one.", "Bitte eines auswählen.";

    tab_templates: "Templates", "Vorlagen";
    templates_hint: "A template is an order that customers create themselves, from a code at the counter or on a page.",
        "Eine Vorlage ist eine Bestellung, die Kunden selbst anlegen: mit einem Code, der an der Theke hängt oder auf einer Seite steht.";
    no_templates: "There are no templates yet.", "Es gibt noch keine Vorlagen.";
    new_template: "New template", "Neue Vorlage";
    paywall_title: "For the pages behind the paywall", "Für die Seiten hinter der Bezahlschranke";
    paywall_hint: "A paywall has no code that could hang somewhere: each visitor gets one of their own. A paywall server (Paivana) makes it with the name of this template. For a try, put this into the page that is to be paid for; it shows the link for the wallet, and what is behind it as soon as it is paid:",
        "Eine Bezahlschranke hat keinen Code, der irgendwo hängen könnte: jeder Besucher bekommt einen eigenen. Ein Bezahlschranken-Server (Paivana) macht ihn mit dem Namen dieser Vorlage. Zum Ausprobieren kommt das hier in die Seite, die bezahlt werden soll; es zeigt den Link für die Wallet, und was dahinter ist, sobald bezahlt ist:";
    paywall_lock: "A script in a page only hints at a lock. What must stay closed, the server holds back until it was told with a token of the shop (“look at everything”) that the visitor has paid:",
        "Ein Skript in einer Seite deutet ein Schloss nur an. Was zu bleiben muss, hält der Server zurück, bis ihm mit einem Zugang des Ladens („alles ansehen“) gesagt wird, dass der Besucher bezahlt hat:";
    paywall_snippet: "Snippet for the page", "Stück für die Seite";
    paywall_check: "Command for the server", "Befehl für den Server";
    paywall_pay: "Pay with GNU Taler", "Mit GNU Taler bezahlen";
    template_terms: "What it says", "Was darin steht";
    template_code: "For the customers", "Für die Kunden";
    print_sheet: "Print a sheet for the counter:", "Ein Blatt für die Theke drucken:";
    template_note: "Name", "Name";
    template_note_hint: "For yourself; customers do not see it", "Für Sie selbst; Kunden sehen ihn nicht";
    template_id: "Name in addresses", "Name in Adressen";
    template_id_hint: "Letters, digits, dots and hyphens, like coffee-to-go", "Buchstaben, Ziffern, Punkte und Bindestriche, wie kaffee-to-go";
    no_template_id: "A name has 1 to 128 letters, digits, dots, colons, underscores or hyphens.",
        "Ein Name hat 1 bis 128 Buchstaben (ohne Umlaute), Ziffern, Punkte, Doppelpunkte, Unterstriche oder Bindestriche.";
    template_who_summary: "Who says what is bought", "Wer sagt, was gekauft wird";
    template_who_amount: "Who says the amount", "Wer den Betrag sagt";
    says_shop: "The shop: it is fixed", "Der Laden: es steht fest";
    says_customer: "The customer: what stands above is a suggestion", "Der Kunde: was oben steht, ist ein Vorschlag";
    minimum_age: "Minimum age in years", "Mindestalter in Jahren";
    minimum_age_hint: "Wallets for younger people cannot pay then; may stay empty", "Wallets für Jüngere können dann nicht bezahlen; darf leer bleiben";
    template_kind: "What it is for", "Wofür sie ist";
    kind_order: "A purchase", "Ein Einkauf";
    kind_paywall: "Pages behind a paywall (Paivana)", "Seiten hinter einer Bezahlschranke (Paivana)";
    website_pattern: "Pages of the paywall", "Seiten der Bezahlschranke";
    website_pattern_hint: "A regular expression, like ^https://news\\.example/; empty: all", "Ein regulärer Ausdruck, wie ^https://news\\.example/; leer: alle";
    no_pattern: "This is not a regular expression.", "Das ist kein regulärer Ausdruck.";
    pattern_of_paywall: "Only a paywall has pages. Choose that, or leave this empty.",
        "Nur eine Bezahlschranke hat Seiten. Wählen Sie diese, oder lassen Sie das Feld leer.";
    paywall_needs_price: "The price of a paywall is fixed by the shop.", "Den Preis einer Bezahlschranke legt der Laden fest.";
    template_unfit: "The parts of this template do not fit together.", "Die Teile dieser Vorlage passen nicht zusammen.";
    template_delete_hint: "Codes that you have printed stop working. Orders stay.",
        "Ausgedruckte Codes funktionieren dann nicht mehr. Bestellungen bleiben.";
    delete_template: "Delete this template", "Diese Vorlage löschen";

    tab_accounts: "Accounts", "Konten";
    accounts_hint: "Bank accounts to which the exchanges send the shop's money.", "Bankkonten, auf die die Exchanges das Geld des Ladens überweisen.";
    no_accounts: "There is no bank account yet.", "Es gibt noch kein Bankkonto.";
    account_used: "in use", "in Benutzung";
    account_retired: "not in use", "nicht in Benutzung";
    retire_account: "Use no longer", "Nicht mehr benutzen";
    use_account: "Use again", "Wieder benutzen";
    new_account: "Add an account", "Konto hinzufügen";
    add_account: "Add", "Hinzufügen";
    account_holder: "Account holder", "Inhaber des Kontos";
    account_holder_hint: "As the bank has it", "Wie die Bank ihn kennt";
    holder_needed: "Please say whose account it is.", "Bitte sagen Sie, wem das Konto gehört.";
    other_account: "Another kind of account", "Eine andere Art von Konto";
    payto_address: "Account as a payto address", "Konto als payto-Adresse";
    payto_hint: "Like payto://x-taler-bank/bank.example/shop?receiver-name=My+Shop", "Wie payto://x-taler-bank/bank.example/laden?receiver-name=Mein+Laden";
    iban_no_country: "No country has IBANs that begin like this.", "Kein Land hat IBANs, die so anfangen.";
    iban_wrong_length: "This IBAN is too short or too long for its country.", "Diese IBAN ist für ihr Land zu kurz oder zu lang.";
    iban_wrong_digits: "There is a typing mistake in this IBAN: its check digits do not fit.",
        "In dieser IBAN ist ein Tippfehler: die Prüfziffern passen nicht.";
    payto_no_name: "The address does not say whose account it is. Add: ?receiver-name=Name",
        "Die Adresse sagt nicht, wem das Konto gehört. Hängen Sie an: ?receiver-name=Name";
    payto_bad_sign: "There is a sign in this address that must be written in another way: a blank as +, for example.",
        "In dieser Adresse ist ein Zeichen, das anders geschrieben werden muss: ein Leerzeichen zum Beispiel als +.";
    payto_bad_bank: "After payto://x-taler-bank/ come the bank's host, a slash and the account's name.",
        "Nach payto://x-taler-bank/ kommen der Name des Bankrechners, ein Schrägstrich und der Name des Kontos.";
    no_payto: "This is not an account. Example: payto://iban/DE75512108001245126199?receiver-name=Name",
        "Das ist kein Konto. Eines sieht aus wie payto://iban/DE75512108001245126199?receiver-name=Name";
    account_exists: "This account is in use already.", "Dieses Konto ist schon in Benutzung.";

    tab_tokens: "Access", "Zugänge";
    tokens_hint: "Tokens let programs and devices act for the shop: a web shop, a till app, this browser.",
        "Mit Zugängen handeln Programme und Geräte für den Laden: ein Webshop, eine Kassen-App, dieser Browser.";
    no_note: "Without a name", "Ohne Namen";
    token_of_session: "Signed in here", "Hier angemeldet";
    token_own: "this browser", "dieser Browser";
    token_over: "expired", "abgelaufen";
    token_for: "May", "Darf";
    good_until: "Good until", "Gilt bis";
    last_used: "Last used", "Zuletzt benutzt";
    revoke: "Revoke", "Widerrufen";
    revoke_title: "Revoke this token?", "Diesen Zugang widerrufen?";
    revoke_hint: "The program or device with this token loses its access at once and permanently.",
        "Das Programm oder Gerät mit diesem Zugang verliert ihn sofort und endgültig.";
    revoke_own_hint: "This is the token by which you are signed in here: you will have to sign in again.",
        "Mit diesem Zugang sind Sie hier angemeldet: Sie müssen sich dann neu anmelden.";
    keep_token: "Keep it", "Behalten";
    token_shown_before: "The token was shown before and cannot be shown again. If you do not have it, revoke it and create another one.",
        "Der Zugang wurde schon angezeigt und kann nicht noch einmal angezeigt werden. Wenn Sie ihn nicht haben, widerrufen Sie ihn und legen Sie einen anderen an.";
    new_token: "New token", "Neuer Zugang";
    token_note: "Name", "Name";
    token_note_hint: "What will use it, like: tablet at the counter", "Was ihn benutzen wird, wie: Tablet an der Theke";
    token_life: "How long", "Wie lange";
    token_password_hint: "Asked for so that no other person creates tokens in your unattended browser",
        "Gefragt wird danach, damit niemand an einem verlassenen Platz Zugänge anlegt";
    make_token: "Create the token", "Zugang anlegen";
    token_made: "The token was created", "Der Zugang ist angelegt";
    token_once: "It is shown only now. Anyone who has it can act for the shop.",
        "Er wird nur jetzt angezeigt. Wer ihn hat, kann für den Laden handeln.";
    pairing_code: "QR code to pair a device", "QR-Code zum Koppeln eines Geräts";
    pairing_hint: "A device that reads this code has the address and the token.", "Ein Gerät, das diesen Code liest, hat die Adresse und den Zugang.";
    token_value: "Token", "Zugang";
    api_address: "Address of the shop", "Adresse des Ladens";
    token_noted: "I have it", "Ich habe ihn";
    scope_read: "look at everything", "alles ansehen";
    scope_simple: "sell: create orders and see their state", "verkaufen: Bestellungen anlegen und ihren Stand sehen";
    scope_pos: "sell at a counter, in cash too", "an der Theke verkaufen, auch bar";
    scope_mgmt: "sell and give refunds", "verkaufen und erstatten";
    scope_full: "do everything about orders", "alles mit Bestellungen tun";
    scope_all: "do everything", "alles tun";

    // The back office: webhooks.
    tab_webhooks: "Webhooks", "Webhooks";
    webhooks_hint: "Through a webhook, a program of yours such as a web shop hears of what happens here: tilld calls an address of it, and tries again until it answers.",
        "Über einen Webhook erfährt ein Programm von Ihnen, etwa ein Webshop, was hier geschieht: Die Kasse ruft eine Adresse von ihm auf, und versucht es wieder, bis es antwortet.";
    no_webhooks: "There are no webhooks yet. Shop software that needs some usually adds them itself.",
        "Es gibt noch keine Webhooks. Shop-Software, die welche braucht, legt sie meist selbst an.";
    new_webhook: "New webhook", "Neuer Webhook";
    webhook_last_success: "Last delivered", "Zuletzt zugestellt";
    webhook_failing_since: "Failing since", "Scheitert seit";
    webhook_waiting: "Waiting calls", "Wartende Aufrufe";
    webhook_works: "works", "geht";
    webhook_unused: "not called yet", "noch nicht aufgerufen";
    webhook_fails: "fails", "scheitert";
    webhook_out_of_use: "out of use", "außer Betrieb";
    webhook_gone: "The receiver answered that it wants no more calls, so it gets none.",
        "Der Empfänger hat geantwortet, dass er keine Aufrufe mehr will, also bekommt er keine.";
    webhook_given_up: "Nothing could be delivered for five days, so nothing is sent any more.",
        "Fünf Tage lang konnte nichts zugestellt werden, also wird nichts mehr gesendet.";
    webhook_state: "State", "Stand";
    webhook_resume: "Use it again", "Wieder benutzen";
    webhook_send_test: "Send a test", "Test senden";
    webhook_test_hint: "A test looks like a real call, but names an order that does not exist.",
        "Ein Test sieht aus wie ein echter Aufruf, nennt aber eine Bestellung, die es nicht gibt.";
    webhook_tested: "The test", "Der Test";
    webhook_tested_hint: "A receiver that asks for the order of a test finds none, which is right.",
        "Ein Empfänger, der nach der Bestellung eines Tests fragt, findet keine; das ist richtig so.";
    webhook_took: "Took", "Dauer";
    webhook_detail: "In detail", "Genauer";
    webhook_answer: "Answer", "Antwort";
    webhook_answer_head: "It begins with", "Sie beginnt mit";
    webhook_sent: "What was sent", "Was gesendet wurde";
    webhook_too_many_tests: "That was too many tests. Please wait a minute.", "Das waren zu viele Tests. Bitte warten Sie eine Minute.";
    webhook_log: "Calls", "Aufrufe";
    webhook_no_log: "Nothing was to be told yet.", "Es gab noch nichts zu melden.";
    webhook_attempts: "Attempts", "Versuche";
    webhook_last_attempt: "Last attempt", "Letzter Versuch";
    webhook_next_attempt: "Next attempt", "Nächster Versuch";
    webhook_resend: "Send again", "Noch einmal senden";
    webhook_resend_all: "Send all again that were not delivered", "Alle noch einmal senden, die nicht zugestellt wurden";
    said_resent: "It is being sent again.", "Es wird noch einmal gesendet.";
    delivery_waiting: "waiting", "wartet";
    delivery_delivered: "delivered", "zugestellt";
    delivery_given_up: "given up", "aufgegeben";
    delivery_cancelled: "not sent", "nicht gesendet";
    answer_taken: "The receiver took the call.", "Der Empfänger hat den Aufruf angenommen.";
    answer_none: "There was no answer. Is the address right, and does the receiver run?",
        "Es kam keine Antwort. Stimmt die Adresse, und läuft der Empfänger?";
    answer_not_allowed: "The address may not be called. The operator of this till can allow it in the settings, under webhooks.",
        "Die Adresse darf nicht aufgerufen werden. Wer diese Kasse betreibt, kann sie in den Einstellungen unter webhooks erlauben.";
    answer_elsewhere: "The receiver answered with another address. Please enter that one here.",
        "Der Empfänger hat mit einer anderen Adresse geantwortet. Bitte tragen Sie diese hier ein.";
    answer_refused: "The receiver refused the call. Does it know the secret, and does its clock run right?",
        "Der Empfänger hat den Aufruf abgelehnt. Kennt er das Geheimnis, und geht seine Uhr richtig?";
    answer_not_found: "The receiver knows no such address.", "Der Empfänger kennt diese Adresse nicht.";
    answer_gone: "The receiver wants no more calls.", "Der Empfänger will keine Aufrufe mehr.";
    answer_later: "The receiver is busy and wants the call later.", "Der Empfänger ist beschäftigt und will den Aufruf später.";
    answer_broken: "The receiver has a fault of its own.", "Der Empfänger hat selbst einen Fehler.";
    answer_other: "The receiver did not take the call.", "Der Empfänger hat den Aufruf nicht angenommen.";
    event_pay: "An order is paid", "Eine Bestellung ist bezahlt";
    event_refund: "A refund is granted", "Eine Erstattung ist gewährt";
    event_order_created: "An order is made", "Eine Bestellung ist angelegt";
    event_order_settled: "An order's money has been wired", "Das Geld einer Bestellung ist überwiesen";
    event_inventory_added: "A product is added", "Eine Ware ist angelegt";
    event_inventory_updated: "A product or its stock changes", "Eine Ware oder ihr Bestand ändert sich";
    event_inventory_deleted: "A product is deleted", "Eine Ware ist gelöscht";
    event_category_added: "A category is added", "Eine Warengruppe ist angelegt";
    event_category_updated: "A category changes", "Eine Warengruppe ändert sich";
    event_category_deleted: "A category is deleted", "Eine Warengruppe ist gelöscht";
    webhook_settings: "Settings", "Einstellungen";
    webhook_id: "Name", "Name";
    webhook_id_hint: "Short, like: shop-paid. It stays as it is.", "Kurz, wie: shop-bezahlt. Er bleibt, wie er ist.";
    webhook_bad_id: "A name has 1 to 64 letters, digits, or . _ ~ : @ -", "Ein Name hat 1 bis 64 Buchstaben (ohne Umlaute), Ziffern, oder . _ ~ : @ -";
    webhook_event: "Call when", "Aufrufen, wenn";
    webhook_url: "Address of the receiver", "Adresse des Empfängers";
    webhook_url_hint: "Like: https://shop.example/hook", "Wie: https://shop.example/hook";
    webhook_method: "HTTP method", "HTTP-Methode";
    webhook_body: "Body", "Inhalt";
    webhook_body_hint: "With variables like {{order_id}}. If empty, tilld writes a short text with the most important ones.",
        "Mit Variablen wie {{order_id}}. Ohne Inhalt schreibt die Kasse einen kurzen Text mit den wichtigsten.";
    webhook_headers: "Headers", "Kopfzeilen";
    webhook_headers_hint: "Lines like: X-Shop: 17", "Zeilen wie: X-Shop: 17";
    webhook_bad_url: "This address cannot be used.", "Diese Adresse geht nicht.";
    webhook_bad_headers: "These headers cannot be used.", "Diese Kopfzeilen gehen nicht.";
    webhook_bad_template: "This text cannot be used.", "Dieser Text geht nicht.";
    webhook_url_refused: "This address may not be called. It begins with https:// and is on the Internet, unless the operator of this till allows more.",
        "Diese Adresse darf nicht aufgerufen werden. Sie beginnt mit https:// und liegt im Internet, wenn nicht der Betreiber dieser Kasse mehr erlaubt.";
    webhook_too_many: "There are as many webhooks as there may be.", "Es gibt schon so viele Webhooks, wie es geben darf.";
    webhook_secret: "The secret of this webhook", "Das Geheimnis dieses Webhooks";
    webhook_secret_once: "It is shown only now. By it the receiver knows that a call is from this till.",
        "Es wird nur jetzt angezeigt. An ihm erkennt der Empfänger, dass ein Aufruf von dieser Kasse ist.";
    webhook_secret_noted: "I have it", "Ich habe es";
    webhook_shown_before: "This was shown before and cannot be shown again.", "Das wurde schon angezeigt und kann nicht noch einmal angezeigt werden.";
    webhook_new_secret: "New secret", "Neues Geheimnis";
    webhook_new_secret_hint: "The old one stays valid for a day beside the new one, so that no call is lost while you change it in the receiver.",
        "Das alte gilt noch einen Tag neben dem neuen, damit kein Aufruf verloren geht, während Sie es beim Empfänger ändern.";
    webhook_make_secret: "Make a new secret", "Neues Geheimnis anlegen";
    webhook_delete_hint: "The receiver is not called any more, and its log is deleted.", "Der Empfänger wird nicht mehr aufgerufen, und seine Aufrufe werden gelöscht.";
    webhook_delete: "Delete the webhook", "Webhook löschen";
    webhooks_failing: "failing:", "davon scheitern:";
    warn_webhooks: "A webhook fails: see the page Webhooks.", "Ein Webhook scheitert: siehe die Seite Webhooks.";
    warn_webhooks_lost: "Some calls of webhooks were lost because the disk was full or too many waited. Please compare the orders with your other programs.",
        "Einige Aufrufe von Webhooks gingen verloren, weil die Platte voll war oder zu viele warteten. Bitte vergleichen Sie die Bestellungen mit Ihren anderen Programmen.";
    warn_clock: "The clock of this machine may be wrong. Receivers of webhooks refuse calls whose time is more than five minutes off.",
        "Die Uhr dieses Rechners geht vielleicht falsch. Empfänger von Webhooks lehnen Aufrufe ab, deren Zeit um mehr als fünf Minuten abweicht.";

    change_password: "Change the password", "Passwort ändern";
    change_password_hint: "All other browsers have to sign in again. Tokens of programs and devices stay valid.",
        "Wer sonst noch angemeldet ist, muss sich neu anmelden. Zugänge von Programmen und Geräten gelten weiter.";
    old_password: "Password until now", "Bisheriges Passwort";
    new_password: "New password", "Neues Passwort";
    new_password_hint: "At least 8 characters", "Mindestens 8 Zeichen";
    password_again: "New password once more", "Neues Passwort noch einmal";
    password_needed: "Please type the password.", "Bitte das Passwort eingeben.";
    password_too_short: "A password has at least 8 characters.", "Ein Passwort hat mindestens 8 Zeichen.";
    passwords_differ: "This is not the same as above.", "Das ist nicht dasselbe wie oben.";
    not_the_password: "This is not the password.", "Das ist nicht das Passwort.";

    tab_status: "Status", "Zustand";
    all_is_well: "All is well.", "Alles in Ordnung.";
    the_shop: "The shop", "Der Laden";
    the_till: "The till", "Die Kasse";
    last_payment: "Last payment", "Letzte Zahlung";
    accounts_in_use: "Bank accounts in use", "Benutzte Bankkonten";
    version: "Version", "Version";
    last_backup: "Last backup", "Letzte Sicherung";
    disk_left: "Free space on the disk", "Freier Platz auf der Platte";
    database_size: "Size of the database", "Größe der Datenbank";
    open_polls: "Waiting pages and programs", "Seiten und Programme, die auf Neues warten";
    not_known: "not known", "nicht bekannt";
    exchanges: "Exchanges", "Exchanges";
    no_exchanges: "The till trusts no exchange.", "Die Kasse traut keinem Exchange.";
    exchange_ready: "ready", "bereit";
    exchange_stale: "keys out of date", "Schlüssel veraltet";
    exchange_silent: "could not be reached", "war nicht zu erreichen";
    exchange_unasked: "not asked yet", "noch nicht gefragt";
    keys_of: "Keys of", "Schlüssel vom";
    last_failure: "Last failure on", "Keine gute Antwort am";
    payouts: "Payouts", "Auszahlungen";
    kyc_ready: "The exchange pays to this account.", "Der Exchange überweist auf dieses Konto.";
    kyc_required: "The exchange needs to know who owns this account before it pays.",
        "Der Exchange möchte wissen, wem dieses Konto gehört, bevor er überweist.";
    kyc_wire_required: "The exchange needs a transfer from this account, to see who owns it.",
        "Der Exchange möchte eine Überweisung von diesem Konto, um zu sehen, wem es gehört.";
    kyc_transfer: "Until this transfer has arrived, the exchange refuses all payments to this account:",
        "Bis diese Überweisung angekommen ist, lehnt der Exchange alle Zahlungen auf dieses Konto ab:";
    kyc_transfer_to: "To", "An";
    kyc_transfer_subject: "Subject", "Verwendungszweck";
    kyc_transfer_from: "From exactly this account", "Von genau diesem Konto";
    kyc_transfer_exactly: "The exchange compares the account letter by letter: the holder’s name must be written as your bank writes it, capital letters too. If it differs, add the account anew with the right name.",
        "Der Exchange vergleicht das Konto Buchstabe für Buchstabe: der Name des Inhabers muss so geschrieben sein, wie Ihre Bank ihn schreibt, auch die Großbuchstaben. Wenn er abweicht, legen Sie das Konto mit dem richtigen Namen neu an.";
    kyc_wire_impossible: "The exchange cannot pay to this kind of account.", "Der Exchange kann auf diese Art von Konto nicht überweisen.";
    kyc_unknown: "Whether the exchange pays to this account is not known yet.",
        "Ob der Exchange auf dieses Konto überweist, ist noch nicht bekannt.";
    warn_no_exchange: "The till trusts no exchange, so no wallet can pay. The shop “admin” adds one under Exchanges.",
        "Die Kasse traut keinem Exchange, darum kann keine Wallet bezahlen. Der Laden „admin“ fügt unter Exchanges einen hinzu.";
    warn_exchanges_silent: "No exchange could be reached, so nobody can pay. Is the till online?",
        "Kein Exchange war zu erreichen, also kann niemand bezahlen. Ist die Kasse mit dem Netz verbunden?";
    warn_kyc: "An exchange holds money back until it knows whose account it pays to; see below.",
        "Ein Exchange hält Geld zurück, bis er weiß, auf wessen Konto er überweist; siehe unten.";
    warn_disk: "There is little free space on the disk.", "Auf der Platte ist wenig Platz.";
    warn_plain: "The shop's address does not begin with https: others in the network can read along, and most wallets refuse to pay.",
        "Die Adresse des Ladens beginnt nicht mit https: andere im Netz können mitlesen, und die meisten Wallets bezahlen nicht.";
    warn_backup: "There was no backup with “tilld backup” in the last two days.",
        "„tilld backup“ hat in den letzten zwei Tagen keine Sicherung angelegt.";

    tab_instances: "Shops", "Läden";
    instances_hint: "Several shops can share this till. Each sees only its own orders, accounts and tokens.",
        "Mehrere Läden können diese Kasse teilen. Jeder sieht nur seine eigenen Bestellungen, Konten und Zugänge.";
    instance_deleted: "deleted", "gelöscht";
    new_instance: "New shop", "Neuer Laden";
    instance_name: "Name", "Name";
    instance_name_hint: "Customers see it", "Die Kunden sehen ihn";
    name_needed: "Please say what the shop is called.", "Bitte sagen Sie, wie der Laden heißt.";
    instance_id: "Short name", "Kurzname";
    instance_id_hint: "Part of addresses: letters, digits, dots, underscores, @ and hyphens", "Steht in Adressen: Buchstaben, Ziffern, Punkte, Unterstriche, @ und Bindestriche";
    no_instance_id: "A short name has 2 to 64 letters, digits, dots, underscores, @ or hyphens, and begins with a letter or digit.",
        "Ein Kurzname hat 2 bis 64 Buchstaben (ohne Umlaute), Ziffern, Punkte, Unterstriche, @ oder Bindestriche und beginnt mit einem Buchstaben oder einer Ziffer.";
    instance_password_hint: "With it the shopkeeper signs in; at least 8 characters", "Damit meldet sich der Inhaber an; mindestens 8 Zeichen";
    make_instance: "Create the shop", "Laden anlegen";
    purge_first: "A deleted shop has this name. Delete its history first.", "Ein gelöschter Laden hat diesen Namen. Löschen Sie zuerst seine Geschichte.";
    instance_is_own: "This shop manages the others and cannot be deleted here.", "Dieser Laden verwaltet die anderen und kann hier nicht gelöscht werden.";
    delete_instance: "Delete this shop", "Diesen Laden löschen";
    delete_instance_hint: "It can no longer sell, and nobody can sign in there. Its history stays for the books.",
        "Er kann nichts mehr verkaufen, und niemand kann sich dort anmelden. Seine Geschichte bleibt für die Bücher.";
    purge_instance: "Delete its history, too", "Auch seine Geschichte löschen";
    purge_instance_hint: "All its orders, payments and refunds are deleted permanently.", "Alle seine Bestellungen, Zahlungen und Erstattungen verschwinden endgültig.";
    delete_before_purge: "Delete the shop first.", "Löschen Sie zuerst den Laden.";
    instance_unfinished: "Payments of this shop are unfinished: {} coins that their exchange has not confirmed, {} part-paid orders, {} refunds that were not collected. You can delete it anyway: all of that is then given back to the customers, and the shop's key is kept until the last refund is answered.",
        "Zahlungen dieses Ladens sind noch offen: {} Münzen, die ihr Exchange nicht bestätigt hat, {} teilweise bezahlte Bestellungen, {} nicht abgeholte Erstattungen. Sie können ihn trotzdem löschen: Das alles geht dann an die Kunden zurück, und der Schlüssel des Ladens bleibt, bis die letzte Erstattung beantwortet ist.";
    delete_unfinished: "Delete it although payments are unfinished", "Löschen, obwohl Zahlungen offen sind";
    said_going: "Deleted. Its last refunds are being sent; then the rest is deleted automatically.", "Gelöscht. Die letzten Erstattungen werden noch gesendet; dann verschwindet der Rest von selbst.";
    type_instance_id: "Type the short name to confirm", "Zur Bestätigung den Kurznamen eingeben";
    confirm_differs: "This is not the short name of the shop.", "Das ist nicht der Kurzname des Ladens.";
    tab_details: "Details", "Angaben";
    details_title: "Details of the shop", "Angaben zum Laden";
    details_hint: "Part of every contract from now on; customers and authorities may read it. All but the name may stay empty.",
        "Steht von nun an in jedem Vertrag; Kunden und Behörden können es lesen. Alles bis auf den Namen darf leer bleiben.";
    email: "E-mail", "E-Mail";
    phone: "Telephone", "Telefon";
    website: "Web site", "Webseite";
    website_hint: "Like https://shop.example/", "Wie https://laden.example/";
    address: "Address", "Adresse";
    street: "Street", "Straße";
    building_number: "Number", "Hausnummer";
    post_code: "Post code", "Postleitzahl";
    town: "Town", "Ort";
    country: "Country", "Land";
    country_subdivision: "State or canton", "Bundesland oder Kanton";
    jurisdiction: "Jurisdiction", "Gerichtsstand";
    jurisdiction_hint: "Where a quarrel with the shop would be settled", "Wo über einen Streit mit dem Laden entschieden würde";
    no_email: "This is no e-mail address.", "Das ist keine E-Mail-Adresse.";
    no_website: "Please type a whole web address that begins with https:// or http://.",
        "Bitte eine ganze Webadresse eingeben, die mit https:// oder http:// beginnt.";
    reset_password: "Set a new password", "Neues Passwort setzen";
    reset_password_hint: "For a shopkeeper who has lost it. All browsers signed in there have to sign in again. Tokens of programs and devices stay valid.",
        "Für einen Inhaber, der es verloren hat. Wer dort angemeldet ist, muss sich neu anmelden. Zugänge von Programmen und Geräten gelten weiter.";
    own_password: "Your own password", "Ihr eigenes Passwort";
    own_password_hint: "Asked for so that no other person takes over a shop in your unattended browser",
        "Gefragt wird danach, damit niemand an einem verlassenen Platz einen Laden übernimmt";
    said_password_reset: "The shop has a new password.", "Der Laden hat ein neues Passwort.";

    accounts_currencies: "The exchanges pay out:", "Die Exchanges zahlen aus:";

    // The back office: the first hour.
    setup_title: "Create your shop", "Ihren Laden anlegen";
    setup_hint: "There is no shop here yet. With the code you create the first one, which manages the till and all later shops.",
        "Hier gibt es noch keinen Laden. Mit dem Code legen Sie den ersten an; er verwaltet die Kasse und alle Läden, die noch kommen.";
    setup_code: "Code from the link", "Code aus dem Link";
    setup_code_hint: "It is at the end of the link, after the #", "Er steht am Ende des Links, nach dem #";
    setup_code_where: "Where is the link?", "Wo ist der Link?";
    setup_code_printed: "The till printed it when it was started. As a system service it wrote it to the log:",
        "Die Kasse hat ihn beim Start ausgegeben, dort, wo sie gestartet wurde. Als Dienst des Systems hat sie ihn in ihr Protokoll geschrieben:";
    setup_code_new: "It works once, within a day. This command prints a new one:",
        "Er gilt für ein Mal und einen Tag. Dieser Befehl gibt einen neuen aus:";
    setup_code_wrong: "This is not the code, or it is too old. For a new one: tilld setup-link",
        "Das ist nicht der Code, oder er ist zu alt. Einen neuen gibt: tilld setup-link";
    setup_password_again: "Password once more", "Passwort noch einmal";

    tab_check_list: "First steps", "Erste Schritte";
    check_list_hint: "Do this before the first customer pays:", "Bis der erste Kunde bezahlt, ist das zu tun:";
    check_list_done: "Everything is done. Customers can pay.", "Alles ist erledigt. Kunden können bezahlen.";
    check_list_hide: "Do not show this list any more", "Diese Liste nicht mehr zeigen";
    check_list_hide_hint: "Not everything is done yet. You always find the list on the page “Status”.",
        "Es ist noch nicht alles erledigt. Die Liste ist immer auf der Seite „Zustand“ zu finden.";
    said_list_hidden: "The list is hidden. You find it on the page “Status”.", "Die Liste ist ausgeblendet. Sie ist auf der Seite „Zustand“ zu finden.";
    step_done: "done", "erledigt";
    step_open: "to do", "zu tun";
    step_how: "How it is done", "Wie das geht";
    step_name: "Name of the shop", "Name des Ladens";
    step_name_missing: "Customers still see its short name. Give it the shop's real name.",
        "Kunden sehen noch seinen Kurznamen. Geben Sie ihm seinen richtigen Namen.";
    step_exchange: "Exchange", "Exchange";
    step_exchange_missing: "Without an exchange no wallet can pay. Choose one whose coins you accept.",
        "Ohne Exchange kann keine Wallet bezahlen. Wählen Sie einen, dessen Münzen Sie nehmen.";
    step_exchange_operator: "Without an exchange no wallet can pay. The operator of this till chooses one.",
        "Ohne Exchange kann keine Wallet bezahlen. Wer diese Kasse verwaltet, wählt einen aus.";
    step_to_exchanges: "Exchanges", "Exchanges";
    step_currency_is: "Prices are in {}.", "Preise sind in {}.";
    step_currency_open: "Prices are in {} as long as there is no exchange. The exchange that you choose determines the currency.",
        "Preise sind in {}, solange es keinen Exchange gibt. Der Exchange, den Sie wählen, sagt, in welcher Währung.";
    step_account: "Bank account", "Bankkonto";
    step_accounts: "Accounts in use: {}", "Benutzte Konten: {}";
    step_to_accounts: "Accounts", "Konten";
    step_account_unpayable: "No exchange can pay to this account. Add one at a bank that the exchange reaches.",
        "Kein Exchange kann auf dieses Konto auszahlen. Fügen Sie eines bei einer Bank hinzu, die der Exchange erreicht.";
    step_address: "Address for customers", "Adresse für Kunden";
    step_address_good: "Customers reach the till safely (https).", "Kunden erreichen die Kasse sicher (https).";
    step_backup: "Backups", "Sicherungen";
    step_backup_good: "Backups are made.", "Sicherungen werden gemacht.";
    address_howto: "Put a web server with a certificate in front of the till, such as Caddy, and say in the settings file which address customers use:",
        "Stellen Sie einen Webserver mit Zertifikat vor die Kasse, etwa Caddy, und sagen Sie in der Einstellungsdatei, welche Adresse Kunden benutzen:";
    address_howto_check: "Then start the till again, and see whether it is reached:", "Dann die Kasse neu starten und nachsehen, ob sie erreicht wird:";
    backup_howto: "This command copies everything while the till runs; best to another disk:",
        "Dieser Befehl kopiert alles, während die Kasse läuft; am besten auf eine andere Platte:";
    backup_howto_daily: "With the package of Debian, this makes one each day:", "Mit dem Debian-Paket macht das jeden Tag eine:";

    // The back office: exchanges.
    exchanges_hint: "An exchange issues the coins that customers pay with, and sends their worth to the bank account of the shop.",
        "Ein Exchange gibt die Münzen aus, mit denen Kunden bezahlen, und überweist ihren Wert auf das Bankkonto des Ladens.";
    new_exchange: "Add an exchange", "Exchange hinzufügen";
    exchange_which: "Which one", "Welcher";
    exchange_play_money: "{}, play money: {}", "{}, Spielgeld: {}";
    exchange_another: "Another one, with the address below", "Ein anderer, mit der Adresse unten";
    exchange_address: "Address", "Adresse";
    exchange_address_hint: "Only for another one, like https://exchange.example/", "Nur für einen anderen, wie https://exchange.example/";
    exchange_ask_hint: "The till asks the exchange for its key and shows it. Nothing is trusted before you have compared it.",
        "Die Kasse fragt den Exchange nach seinem Schlüssel und zeigt ihn. Bevor Sie ihn verglichen haben, wird niemandem vertraut.";
    exchange_ask: "Ask the exchange", "Exchange fragen";
    exchange_compare: "Is this the right exchange?", "Ist das der richtige Exchange?";
    exchange_compare_hint: "Compare the master key with the one that the operator of the exchange publishes, over another channel: on their web site, on paper, by telephone. The holder of this key can make coins that you accept.",
        "Vergleichen Sie den Hauptschlüssel mit dem, den der Betreiber des Exchange veröffentlicht, auf einem anderen Weg als diesem: auf seiner Webseite, auf Papier, am Telefon. Wer diesen Schlüssel hat, kann Münzen machen, die Sie annehmen.";
    exchange_operator: "The operator:", "Der Betreiber:";
    exchange_is_play_money: "These coins are play money, to try things out. They are worth nothing.", "Diese Münzen sind Spielgeld zum Ausprobieren. Sie sind nichts wert.";
    master_key: "Master key", "Hauptschlüssel";
    exchange_trust: "The key is right: trust this exchange", "Der Schlüssel stimmt: diesem Exchange trauen";
    exchange_do_not_trust: "Do not trust it", "Ihm nicht trauen";
    exchange_of_settings: "in the settings file", "in der Einstellungsdatei";
    exchange_of_database: "added here or by a command", "hier oder mit einem Befehl hinzugefügt";
    exchange_removed: "removed", "entfernt";
    exchange_removed_hint: "New orders do not offer it. Payments and refunds already begun with it are completed.",
        "Keine neue Bestellung bietet ihn an. Angefangene Zahlungen und Erstattungen mit ihm werden zu Ende gebracht.";
    exchange_remove: "Remove", "Entfernen";
    exchange_conflict: "The settings file is used. In the database this address has another master key; remove it there:",
        "Es gilt die Einstellungsdatei. In der Datenbank hat diese Adresse einen anderen Hauptschlüssel; entfernen Sie ihn dort:";
    exchange_no_address: "Please type a whole web address that begins with https://.", "Bitte eine ganze Webadresse eingeben, die mit https:// beginnt.";
    exchange_insecure: "The address must begin with https://: otherwise others on the network could give you another key.",
        "Die Adresse muss mit https:// beginnen: sonst könnten andere unterwegs Ihnen einen anderen Schlüssel geben.";
    exchange_unreached: "The address does not answer like an exchange: {}.", "Es kommt keine Antwort, wie ein Exchange sie gibt: {}.";
    exchange_in_settings: "This exchange is in the settings file; it can be changed only there.", "Dieser Exchange steht in der Einstellungsdatei und kann nur dort geändert werden.";
    exchange_other_key: "This address is trusted already, with another master key: {}. If the operator says that the key has changed, remove the exchange first.",
        "Dieser Adresse wird schon vertraut, mit einem anderen Hauptschlüssel: {}. Wenn der Betreiber sagt, dass sich der Schlüssel geändert hat, entfernen Sie zuerst den Exchange.";
    exchange_unfinished: "This address was trusted before with another master key ({}), and payments or refunds with it are not finished.",
        "Dieser Adresse wurde früher mit einem anderen Hauptschlüssel vertraut ({}), und Zahlungen oder Erstattungen damit sind noch nicht zu Ende.";
    exchange_too_many: "There are {} exchanges already, removed ones included. This is the limit.",
        "Es gibt schon {} Exchanges, entfernte mitgezählt, und mehr können es nicht werden.";
    exchange_unknown: "There is no such exchange.", "Diesen Exchange gibt es nicht.";
    exchange_key_changed: "The exchange gives another master key now than a moment ago. Compare this one.",
        "Der Exchange gibt jetzt einen anderen Hauptschlüssel an als eben noch. Vergleichen Sie diesen.";
    said_exchange_added: "The exchange is now trusted.", "Diesem Exchange wird von nun an vertraut.";
    said_exchange_removed: "The exchange was removed. Payments already begun with it are completed.", "Der Exchange ist entfernt. Was mit ihm angefangen wurde, wird zu Ende gebracht.";

    // The demo shop: every page.
    demo_shop: "The demo shop", "Der Demo-Laden";
    demo_title: "{}: the demo shop", "{}: der Demo-Laden";
    demo_play_money: "All money here is play money. Nothing costs or is worth anything.",
        "All das ist Spielgeld. Nichts hier kostet etwas oder ist etwas wert.";
    demo_what: "A shop to try tilld with, a till for GNU Taler. It speaks with the till over its public API, as your shop would.",
        "Ein Laden, um tilld auszuprobieren, eine Kasse für GNU Taler. Er spricht mit ihr über ihre öffentliche Schnittstelle, wie Ihr Laden es täte.";
    demo_back: "Back to the shop", "Zurück zum Laden";
    demo_qr: "QR code for a wallet", "QR-Code für eine Wallet";
    demo_open_wallet: "Open in a wallet on this device", "In einer Wallet auf diesem Gerät öffnen";
    demo_waiting: "Waiting for your wallet …", "Wir warten auf Ihre Wallet …";
    demo_moment: "One moment: the play-money exchange is still creating its keys. This page tries again by itself.",
        "Einen Augenblick: der Spielgeld-Exchange macht noch seine Schlüssel. Diese Seite sieht von selbst wieder nach.";
    demo_balance: "The demo wallet has {}.", "In der Demo-Wallet sind {}.";
    demo_balance_empty: "The demo wallet is empty.", "Die Demo-Wallet ist leer.";
    demo_balance_expected: "{} more on the way.", "{} mehr sind unterwegs.";
    demo_fees: "The exchange takes small fees, as real ones may: a purchase takes a little more out of the wallet than its price.",
        "Der Exchange nimmt kleine Gebühren, wie es echte tun können: ein Kauf nimmt etwas mehr aus der Wallet, als er kostet.";
    demo_office: "Be the shopkeeper: the back office of this shop. The password was printed where the demo was started.",
        "Seien Sie der Inhaber: die Verwaltung dieses Ladens. Das Passwort steht dort, wo die Demo gestartet wurde.";
    demo_pay: "Pay with the demo wallet", "Mit der Demo-Wallet bezahlen";

    // The demo shop: the front page.
    demo_question: "What will it be?", "Was darf es sein?";
    demo_withdraw: "Withdraw {}", "{} abheben";
    demo_withdrawn: "The demo wallet has money now.", "Die Demo-Wallet hat jetzt Geld.";
    demo_tipped: "Thank you for the tip!", "Vielen Dank für das Trinkgeld!";
    demo_buy: "Buy for {}", "Für {} kaufen";
    demo_article_panel: "An article to read", "Ein Artikel zum Lesen";
    demo_article_about: "“What does money smell of?” The first lines are free, the rest is {}. No account, no name; your wallet opens it.",
        "„Wonach riecht Geld?“ Die ersten Zeilen sind frei, der Rest kostet {}. Kein Konto, kein Name; Ihre Wallet öffnet ihn.";
    demo_article_link: "Read it", "Lesen";
    demo_tip_jar: "The tip jar", "Die Trinkgeldkasse";
    demo_tip_jar_about: "An order is created only when somebody tips: this code could hang on a wall. Your wallet asks how much.",
        "Erst wer Trinkgeld gibt, macht eine Bestellung: dieser Code könnte an einer Wand hängen. Ihre Wallet fragt, wie viel.";
    demo_tip_amount: "Tip in {}", "Trinkgeld in {}";
    demo_tip: "Tip with the demo wallet", "Trinkgeld mit der Demo-Wallet geben";
    demo_coffee: "A cup of coffee", "Eine Tasse Kaffee";
    demo_coffee_about: "Strong, hot and entirely made up.", "Stark, heiß und frei erfunden.";
    demo_coffee_delivery: "Here is your coffee. Mind the steam; there is none.",
        "Hier ist Ihr Kaffee. Vorsicht, Dampf; es gibt keinen.";
    demo_book: "A short book about money", "Ein kurzes Buch über Geld";
    demo_book_about: "Forty pages, of which one is blank.", "Vierzig Seiten, von denen eine leer ist.";
    demo_book_delivery: "Chapter one: what a coin is worth is what the next one gives for it. Chapter two: see chapter one.",
        "Erstes Kapitel: eine Münze ist wert, was der Nächste für sie gibt. Zweites Kapitel: siehe erstes Kapitel.";
    demo_ticket: "A ticket for tonight's concert", "Eine Karte für das Konzert heute Abend";
    demo_ticket_about: "Row 7, seat 12, an evening of silence.", "Reihe 7, Platz 12, ein Abend der Stille.";
    demo_ticket_delivery: "Row 7, seat 12. Doors open at eight. Show the number of your order at the entrance.",
        "Reihe 7, Platz 12. Einlass um acht. Zeigen Sie am Eingang die Nummer Ihrer Bestellung.";

    // The demo shop: what was bought.
    demo_over: "The time to pay for this order is over. Please take it from the shelf again.",
        "Die Zeit zum Bezahlen dieser Bestellung ist um. Bitte nehmen Sie es noch einmal aus dem Regal.";
    demo_is_paid: "It is paid. Thank you!", "Es ist bezahlt. Vielen Dank!";
    demo_take: "Take what you have bought", "Mitnehmen, was Sie gekauft haben";
    demo_is_yours: "It is yours.", "Es gehört Ihnen.";
    demo_refund_waiting: "The shop gives you some of it back. Your wallet collects it:",
        "Der Laden gibt Ihnen etwas davon zurück. Ihre Wallet holt es ab:";
    demo_collect: "Collect with the demo wallet", "Mit der Demo-Wallet abholen";
    demo_went_back: "{} of it went back to your wallet.", "{} davon gingen an Ihre Wallet zurück.";
    demo_shopkeeper: "Not quite what you wanted? In this shop you can even be the shopkeeper:",
        "Nicht ganz das, was Sie wollten? In diesem Laden können Sie sogar der Inhaber sein:";
    demo_refund: "Refund half", "Die Hälfte erstatten";

    // The demo shop: the article.
    demo_article: "What does money smell of?", "Wonach riecht Geld?";
    demo_article_opening: "When the emperor’s son complained about the tax on public conveniences, his father held a coin under his nose and asked whether it smelt. It did not, and the saying has paid its way ever since: money has no memory of where it was.",
        "Als der Sohn des Kaisers sich über die Steuer auf Bedürfnisanstalten beklagte, hielt ihm sein Vater eine Münze unter die Nase und fragte, ob sie rieche. Sie roch nicht, und seither macht der Spruch sich bezahlt: Geld erinnert sich nicht, wo es war.";
    demo_article_ledgers: "Coins kept that promise. Whoever paid with one told the baker nothing but that it was enough. Then money moved into ledgers, and ledgers remember: who, when, where, and what with it. The bread is the same, but somebody now knows when you eat.",
        "Münzen hielten dieses Versprechen. Wer mit einer bezahlte, sagte dem Bäcker nichts, als dass sie genügte. Dann zog das Geld in die Bücher, und Bücher erinnern sich: wer, wann, wo und wofür. Das Brot ist dasselbe, aber jemand weiß jetzt, wann Sie essen.";
    demo_article_envelope: "It need not be so. A bank can sign a coin without seeing its number, as one signs through carbon paper in a sealed envelope. When the coin comes back, the bank knows its own hand and pays, and cannot say to whom it had lent the pen. The shop, on the other hand, stands in the light: what it takes is on the books.",
        "Das muss nicht so sein. Eine Bank kann eine Münze unterschreiben, ohne ihre Nummer zu sehen, wie man durch Kohlepapier in einem verschlossenen Umschlag unterschreibt. Kommt die Münze zurück, erkennt die Bank ihre eigene Hand und zahlt, und kann nicht sagen, wem sie die Feder geliehen hatte. Der Laden dagegen steht im Licht: was er einnimmt, steht in den Büchern.";
    demo_article_end: "That is what you have just done. A wallet bought this page, this visit may read it, and nobody here knows who you are. Smell your browser, if you like.",
        "Genau das haben Sie eben getan. Eine Wallet hat diese Seite gekauft, dieser Besuch darf sie lesen, und niemand hier weiß, wer Sie sind. Riechen Sie an Ihrem Browser, wenn Sie möchten.";
    demo_article_paid: "You have paid for this article. It stays open for this visit.",
        "Sie haben für diesen Artikel bezahlt. Für diesen Besuch bleibt er offen.";
    demo_read_on: "Read on for {}", "Weiterlesen für {}";

    // The demo shop: why something does not go.
    demo_problem_title: "Something is wrong", "Etwas stimmt nicht";
    demo_problem: "That did not work", "Das ging nicht";
    demo_to_shop: "To the shop", "Zum Laden";
    demo_not_here: "There is no such page in this shop.", "Eine solche Seite gibt es in diesem Laden nicht.";
    demo_method: "This page does not support this method.", "Diese Seite will anders gefragt werden.";
    demo_form: "This form is not complete. Please go back and try again.",
        "Dieses Formular ist nicht vollständig. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
    demo_stranger: "This did not come from one of our own pages, or your visit has ended. Please go back to the shop and try again.",
        "Das kam von keiner unserer eigenen Seiten, oder Ihr Besuch ist zu Ende. Bitte gehen Sie zurück zum Laden und versuchen Sie es noch einmal.";
    demo_till: "The till does not answer as it should. Please try again.",
        "Die Kasse antwortet nicht, wie sie sollte. Bitte versuchen Sie es noch einmal.";
    demo_too_late: "This is no longer possible with this order.", "Das geht mit dieser Bestellung nicht mehr.";
    demo_late: "This takes too long. Please look again in a moment.",
        "Das dauert zu lange. Bitte sehen Sie gleich noch einmal nach.";
    demo_no_name: "The machine's random number generator failed. Please try again.",
        "Der Rechner hat keinen Zufall für Ihren Besuch. Bitte versuchen Sie es noch einmal.";
    demo_poor: "The demo wallet does not have enough money for {} and the fees. Please withdraw some first.",
        "Die Demo-Wallet hat nicht genug Geld für {} und die Gebühren. Bitte heben Sie zuerst etwas ab.";
    demo_no_coins: "There are no coins that make {}. Please try another amount.",
        "Es gibt keine Münzen, die {} ergeben. Bitte versuchen Sie einen anderen Betrag.";
    demo_busy: "The demo wallet is busy. Please try again.", "Die Demo-Wallet ist beschäftigt. Bitte versuchen Sie es noch einmal.";
    demo_expired: "The time to pay has passed.", "Die Zeit zum Bezahlen ist um.";
    demo_pending: "The payment is on its way. Please look again in a moment.",
        "Die Zahlung ist unterwegs. Bitte sehen Sie gleich noch einmal nach.";
    demo_wallet_failed: "The demo wallet could not do that.", "Die Demo-Wallet konnte das nicht.";
}

/// `text` with each `{}` replaced by one of `values`, from left to right. What has no value stays.
pub fn filled(text: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut pieces = text.split("{}");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(values.next().unwrap_or(&"{}"));
        whole.push_str(piece);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_leave_room_for_the_same_values() {
        for (name, english, german) in PAIRS {
            assert!(!english.is_empty() && !german.is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), german.matches("{}").count(), "{name}");
            assert_eq!(english.ends_with('.'), german.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn values_fill_the_gaps_from_left_to_right() {
        assert_eq!(filled("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(filled("{} and {}", &["1"]), "1 and {}");
    }
}

//! The back office: templates.

macro_rules! templates_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
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
        }
    };
}

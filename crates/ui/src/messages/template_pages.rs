//! The customer's page of a template.

macro_rules! template_pages_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
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
        }
    };
}

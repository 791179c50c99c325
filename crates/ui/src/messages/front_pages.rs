//! The front page of a shop.

macro_rules! front_pages_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            home_what: "This is a till for GNU Taler. Wallets pay here, and web shops check payments here.",
                "Das ist eine Kasse für GNU Taler. Wallets bezahlen hier, und Webläden fragen hier, was bezahlt ist.";
            home_customer: "To pay for something, please open the link or scan the code that the shop gave you.",
                "Um etwas zu bezahlen, öffnen Sie bitte den Link oder scannen Sie den Code, den Ihnen der Laden gegeben hat.";
            home_address: "Its address for shops and wallets:", "Ihre Adresse für Läden und Wallets:";
            home_office: "Back office", "Büro des Ladens";
            home_office_hint: "For the people who run the shop.", "Für die Leute, die den Laden führen.";
            home_source: "Free software: source and licence", "Freie Software: Quelltext und Lizenz";
        }
    };
}

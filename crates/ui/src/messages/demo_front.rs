//! The demo shop: the front page.

macro_rules! demo_front_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
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
        }
    };
}

//! The demo shop: the article.

macro_rules! demo_article_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
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
        }
    };
}

SELECT EXISTS (
    SELECT 1
    FROM deposits
    WHERE coin = :coin AND merchant_pub = :merchant_pub AND h_contract = :h_contract
        AND coin_sig = :coin_sig
) AS is_there

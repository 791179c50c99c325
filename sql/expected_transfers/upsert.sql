INSERT INTO expected_transfers (
    instance_serial, account_serial, exchange_url, wtid, is_named, execution_s, next_ask_s
) VALUES (
    :instance, :account_serial, :exchange_url, :wtid, :is_named, :execution_s, :now_s
)
ON CONFLICT (account_serial, exchange_url, wtid) DO UPDATE
SET is_named = max(is_named, :is_named), execution_s = ifnull(execution_s, :execution_s),
    next_ask_s = iif(validated = 1 AND :is_named = 0, NULL, min(ifnull(next_ask_s, :now_s), :now_s))
RETURNING serial

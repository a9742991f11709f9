// What can follow a dot in an expression, by the type of the value: one line each, the way to write it and what it gives.

const entries = (lines) => lines.trim().split("\n").map((line) => {
  const [, written, doc] = /^(\S+?\([^)]*\)|\S+) (.*)$/.exec(line.trim());
  const name = written.replace(/\(.*$/, "");
  return { name, written, doc, call: written !== name };
});

const TO_JSON = "toJsonString() The value as JSON text";

/** The data methods of this product. */
export const DATA_METHODS = {
  string: entries(`
base64Decode() The text that Base64 stands for
base64Encode() The text in Base64
extractDomain() The domain in an address or a link
extractEmail() The first e-mail address in the text
extractUrl() The first web address in the text
extractUrlPath() The path of a web address: /a/b
hash(algorithm) A fingerprint: md5, sha1, sha256, sha512 …
isDomain() Whether the text is a domain
isEmail() Whether the text is an e-mail address
isEmpty() Whether there is no text
isNotEmpty() Whether there is any text
isNumeric() Whether the text is a number
isUrl() Whether the text is a web address
parseJson() The value that the JSON text holds
quote(mark) The text in quotes
removeMarkdown() The text without Markdown's signs
removeTags() The text without HTML tags
replaceSpecialChars() Letters without accents: é becomes e
toBoolean() false for "false", "0", "no" and no text, else true
toCamelCase() writtenLikeThis
toDate() The date in the text, as JavaScript has it
toDateTime(format) The date and time in the text
toDecimalNumber() The number in the text
toFloat() The number in the text
toInt(base) The whole number at the start of the text
toNumber() The number in the text
toWholeNumber() The number in the text, without its fraction
toSentenceCase() Written like a sentence
toSnakeCase() written_like_this
toTitleCase() Written With Capitals
${TO_JSON}
transliterate() The text in plain letters
urlDecode() The text that %20 and the like stand for
urlEncode() The text made fit for a web address`),
  number: entries(`
abs() Without its sign
ceil() The next whole number above
floor() The next whole number below
round(places) Rounded to so many places
format(locale) Written with separators: 1,234.5
isEmpty() Never: a number is never empty
isNotEmpty() Always
isEven() Whether it is 0, 2, 4 …
isOdd() Whether it is 1, 3, 5 …
isInteger() Whether it is a whole number
isNumeric() Whether it is a number
toBoolean() false for 0, else true
toDateTime(format) The time so many milliseconds (ms) or seconds (s) after 1970
toInt() Without its fraction
toWholeNumber() Without its fraction
toFloat() The number itself
toNumber() The number itself
toDecimalNumber() The number itself
${TO_JSON}`),
  boolean: entries(`
isEmpty() Never
isNotEmpty() Always
toBoolean() The value itself
toInt() 1 for true, 0 for false
toNumber() 1 for true, 0 for false
toFloat() 1 for true, 0 for false
toWholeNumber() 1 for true, 0 for false
toDecimalNumber() 1 for true, 0 for false
${TO_JSON}`),
  array: entries(`
append(value) The list with more entries at its end
average() The mean of the numbers
chunk(size) The list in pieces of that length
compact() Without empty entries
difference(list) Entries that the other list has not
intersection(list) Entries that both lists have
union(list) Entries of both lists, each once
unique() Each entry once
removeDuplicates() Each entry once
first() The first entry
last() The last entry
isEmpty() Whether there is no entry
isNotEmpty() Whether there is an entry
size() How many entries there are
count() How many entries there are
max() The largest number
min() The smallest number
merge(list) Objects of two lists put together, pair by pair
pluck(field) The values of a field of every entry
randomItem() Any one entry
renameKeys(from, to) Entries with a field called otherwise
smartJoin(key, value) An object out of a list of names and values
sum() All numbers added up
${TO_JSON}`),
  object: entries(`
compact() Without empty fields
hasField(name) Whether there is a field of that name
isEmpty() Whether it has no field
isNotEmpty() Whether it has any field
keepFieldsContaining(text) Only fields whose text contains this
removeFieldsContaining(text) Without fields whose text contains this
keys() The names of the fields
values() The values of the fields
merge(object) With the fields of another object that it lacks
removeField(name) Without that field
${TO_JSON}
urlEncode() a=1&b=2, for a web address`),
  date: entries(`
beginningOf(unit) The start of its week, month, year …
startOf(unit) The start of its week, month, year …
endOf(unit) The end of its week, month, year …
endOfMonth() The end of its month
diffTo(date, unit) How long until another date
diffToNow(unit) How long until now
extract(part) One part: year, month, week, day, hour …
format(pattern) As text: yyyy-MM-dd HH:mm
isBetween(from, to) Whether it lies between two dates
isDst() Whether summer time holds
isEmpty() Never
isNotEmpty() Always
isInLast(count, unit) Whether it lies in the last 7 days, 3 hours …
isWeekend() Whether it is a Saturday or Sunday
minus(count, unit) Earlier: minus(2, 'days')
plus(count, unit) Later: plus(2, 'days')
toDateTime() As a date with all methods
toInt() Milliseconds since 1970
toNumber() Milliseconds since 1970
${TO_JSON}`),
};

/** What JavaScript itself and luxon bring, as far as people use it in expressions. */
export const LANGUAGE_METHODS = {
  string: entries(`
length How many characters it has
charAt(index) The character at a place, counted from 0
concat(text) With another text behind it
endsWith(text) Whether it ends with this
includes(text) Whether it contains this
indexOf(text) Where this begins, or -1
match(pattern) What a pattern finds
padEnd(length, with) Filled up at the end
padStart(length, with) Filled up at the start
repeat(count) So many times
replace(what, with) With the first one replaced
replaceAll(what, with) With all replaced
slice(from, to) A part of it
split(separator) A list of its parts
startsWith(text) Whether it starts with this
substring(from, to) A part of it
toLowerCase() in small letters
toUpperCase() IN CAPITALS
trim() Without space around it`),
  number: entries(`
toFixed(places) As text with so many places
toLocaleString() As people write it
toString() As text`),
  boolean: entries("toString() As text"),
  array: entries(`
length How many entries there are
concat(list) With another list behind it
every(test) Whether the test holds for all
filter(test) Entries for which the test holds
find(test) The first entry for which the test holds
findIndex(test) Where that entry is, or -1
flat() Lists within the list unfolded
flatMap(change) Each entry changed, then unfolded
includes(value) Whether it contains this
indexOf(value) Where this is, or -1
join(separator) One text of all entries
map(change) Each entry changed
reduce(step, start) One value out of all
reverse() Back to front
slice(from, to) A part of it
some(test) Whether the test holds for any
sort(compare) In order`),
  object: [],
  date: entries(`
year The year
month The month, 1 to 12
day The day of the month
hour The hour
minute The minute
second The second
weekday The day of the week: 1 is Monday
weekNumber The week of the year
zoneName The time zone
set(values) With parts replaced: set({ hour: 9 })
setZone(zone) The same moment in another time zone
toFormat(pattern) As text: yyyy-MM-dd HH:mm
toISO() As text: 2026-01-31T09:30:00.000+01:00
toISODate() As text: 2026-01-31
toLocaleString() As people write it
toMillis() Milliseconds since 1970
toSeconds() Seconds since 1970
toRelative() in 3 days
toUTC() The same moment in UTC
diff(date, unit) How long since another date
hasSame(date, unit) Whether both are in the same day, month …`),
};

const INPUT = entries(`
item The current item
first() The first item
last() The last item
all() All items
itemMatching(index) The item at a place, counted from 0
params What this step is set to`);

/** Members of the names that every expression knows. */
export const MEMBERS = {
  $input: INPUT,
  node: [...INPUT.slice(0, 5), ...entries(`
params What that step is set to
isExecuted Whether that step has run`)],
  nodeProxy: entries(`
json The data of the item that this one comes from
binary The files of that item
parameter What that step is set to`),
  item: entries(`
json The data of the item
binary The files of the item`),
  $execution: entries(`
id The number of this run
mode How it was started: manual, webhook, schedule …`),
  $workflow: entries(`
id The workflow's number
name The workflow's name
active Whether it is switched on`),
  $prevNode: entries(`
name The step that the data comes from
outputIndex Which of its outputs, counted from 0
runIndex Which of its runs, counted from 0`),
  DateTime: entries(`
now() This moment
fromISO(text) A date out of 2026-01-31T09:30
fromFormat(text, pattern) A date that is written in your own way
fromMillis(number) A date out of milliseconds since 1970
fromSeconds(number) A date out of seconds since 1970
utc() This moment in UTC`),
  Math: entries(`
max(a, b) The largest
min(a, b) The smallest
round(number) The nearest whole number
floor(number) The next whole number below
ceil(number) The next whole number above
abs(number) Without its sign
random() Any number from 0 to 1`),
  Object: entries(`
keys(object) The names of the fields
values(object) The values of the fields
entries(object) Names and values, in pairs`),
  JSON: entries(`
stringify(value) The value as JSON text
parse(text) The value that JSON text holds`),
};

/** What an expression may begin with. */
export const GLOBALS = entries(`
$json The data of the current item
$input The items that come in
$now This moment
$today Today at midnight
$itemIndex The number of the current item, counted from 0
$binary The files of the current item
$node Another step's data, by its name in brackets
$items(step) All items of a step
$execution This run
$workflow This workflow
$prevNode The step that the data comes from
$runIndex How often this step has run already
$parameter What this step is set to
$if(test, yes, no) One of two values
$ifEmpty(value, instead) The value, or another one when it is empty
$max(numbers) The largest number
$min(numbers) The smallest number
$average(numbers) The mean
$not(value) The opposite
$jmespath(data, query) Part of the data, by a JMESPath query
DateTime Dates and times
Duration Lengths of time
Interval Stretches between two times
Math Calculations
Object Fields of objects
JSON JSON text`);

/** Who and what the demo is about: three clinics in three countries, currencies and languages. */

type Lang = 'en' | 'ja' | 'id';

type SeedService = {
  readonly key: string;
  readonly name: string;
  readonly category: string;
  readonly price: string;
  readonly minutes: number;
  readonly capacity: number;
  /** Index into the clinic's staff; who offers it, and from when to when (local minutes). */
  readonly offered: readonly {
    readonly staff: number;
    readonly from: number;
    readonly to: number;
    readonly step: number;
  }[];
};

export type SeedClinic = {
  readonly code: string;
  readonly name: string;
  readonly city: string;
  readonly address: string;
  readonly phone: string;
  readonly email: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly lang: Lang;
  readonly tax_bp: number;
  readonly open_weekdays: readonly number[];
  /** Name and title; each has a room of their own, so that rooms never clash before people do. */
  readonly staff: readonly (readonly [name: string, title: string, room: string])[];
  readonly services: readonly SeedService[];
  readonly first_names: readonly string[];
  readonly last_names: readonly string[];
  readonly pet_names: readonly string[];
  /** `Family Given` without or with a blank, or `Given Family`. */
  readonly family_first: boolean;
  readonly phone_start: string;
  /** Comes first: the customer that the demo's token belongs to, and people of the examples. */
  readonly known_owners: readonly {
    readonly name: string;
    readonly phone: string;
    readonly pets: readonly (readonly [name: string, species: 'cat' | 'dog' | 'rabbit'])[];
  }[];
};

const at = (hour: number, minute = 0) => hour * 60 + minute;
const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];

type Prices = Record<'checkup' | 'vaccination' | 'dental' | 'grooming' | 'surgery', string>;
type Names = Record<keyof Prices, readonly [name: string, category: string]>;

/** Two general vets, one for teeth and needles, one surgeon, one groomer whose class takes six. */
function services(names: Names, prices: Prices): readonly SeedService[] {
  const make = (key: keyof Prices, minutes: number, capacity: number) => ({
    key,
    name: names[key][0],
    category: names[key][1],
    price: prices[key],
    minutes,
    capacity,
  });
  return [
    {
      ...make('checkup', 30, 1),
      offered: [
        { staff: 0, from: at(8), to: at(16), step: 30 },
        { staff: 1, from: at(12), to: at(20), step: 30 },
      ],
    },
    { ...make('vaccination', 15, 1), offered: [{ staff: 2, from: at(8), to: at(12), step: 15 }] },
    { ...make('dental', 60, 1), offered: [{ staff: 2, from: at(13), to: at(18), step: 60 }] },
    { ...make('grooming', 90, 6), offered: [{ staff: 4, from: at(9), to: at(18), step: 180 }] },
    { ...make('surgery', 45, 1), offered: [{ staff: 3, from: at(9), to: at(15), step: 60 }] },
  ];
}

const jakarta: SeedClinic = {
  code: 'BSD',
  name: 'Klinik Sehat BSD',
  city: 'Jakarta',
  address: 'Jl. Pahlawan Seribu 12, BSD City, Tangerang Selatan',
  phone: '+62 21-5550-0112',
  email: 'halo@klinik-sehat.example',
  time_zone: 'Asia/Jakarta',
  currency: 'IDR',
  lang: 'id',
  tax_bp: 1_100,
  open_weekdays: EVERY_DAY,
  staff: [
    ['Andi', 'drh., veterinarian', 'Ruang 1'],
    ['Sari', 'drh., veterinarian', 'Ruang 2'],
    ['Rudi', 'drh., dentist', 'Ruang Gigi'],
    ['Wayan', 'drh., surgeon', 'Ruang Bedah'],
    ['Putri', 'Groomer', 'Salon'],
  ],
  services: services(
    {
      checkup: ['Checkup', 'consultation'],
      vaccination: ['Vaksinasi', 'prevention'],
      dental: ['Perawatan gigi', 'dental'],
      grooming: ['Kelas grooming', 'grooming'],
      surgery: ['Konsultasi bedah', 'surgery'],
    },
    {
      checkup: '250000',
      vaccination: '175000',
      dental: '450000',
      grooming: '150000',
      surgery: '350000',
    },
  ),
  // biome-ignore format: names read better side by side.
  first_names: ['Agus', 'Ayu', 'Bayu', 'Citra', 'Dewi', 'Dimas', 'Eka', 'Fajar', 'Gita', 'Hendra',
    'Indah', 'Joko', 'Kartika', 'Lestari', 'Made', 'Nur', 'Putra', 'Ratna', 'Slamet', 'Wulan'],
  // biome-ignore format: names read better side by side.
  last_names: ['Aminah', 'Gunawan', 'Hidayat', 'Kusuma', 'Maulana', 'Nugroho', 'Pratama',
    'Rahmawati', 'Santoso', 'Saputra', 'Setiawan', 'Suryadi', 'Utami', 'Wibowo', 'Wijaya'],
  // biome-ignore format: names read better side by side.
  pet_names: ['Kitty', 'Bruno', 'Milo', 'Coco', 'Oyen', 'Snowy', 'Luna', 'Bolt', 'Moli', 'Ciko',
    'Bella', 'Tiger', 'Puma', 'Lala', 'Rocky'],
  family_first: false,
  phone_start: '+62 812',
  known_owners: [
    {
      name: 'Siti Rahmawati',
      phone: '+62 812-3456-7890',
      pets: [
        ['Mochi', 'cat'],
        ['Bruno', 'dog'],
      ],
    },
    { name: 'Sitti Aminah', phone: '+62 813-0034-5621', pets: [['Kitty', 'cat']] },
    { name: 'Budi Santoso', phone: '+62 811-2233-4455', pets: [['Rex', 'dog']] },
  ],
};

const tokyo: SeedClinic = {
  code: 'SKR',
  name: 'さくら動物病院',
  city: '東京',
  address: '東京都世田谷区桜1-2-3',
  phone: '+81 3-5550-0123',
  email: 'info@sakura-ah.example',
  time_zone: 'Asia/Tokyo',
  currency: 'JPY',
  lang: 'ja',
  tax_bp: 1_000,
  open_weekdays: EVERY_DAY,
  staff: [
    ['佐藤 健', '獣医師', '診察室1'],
    ['鈴木 美咲', '獣医師', '診察室2'],
    ['高橋 直樹', '歯科', '歯科室'],
    ['田中 裕子', '外科', '手術室'],
    ['小林 葵', 'トリマー', 'サロン'],
  ],
  services: services(
    {
      checkup: ['健康診断', '診察'],
      vaccination: ['ワクチン接種', '予防'],
      dental: ['歯科治療', '歯科'],
      grooming: ['グルーミング教室', '美容'],
      surgery: ['手術相談', '外科'],
    },
    { checkup: '3500', vaccination: '4800', dental: '12000', grooming: '2800', surgery: '6000' },
  ),
  // biome-ignore format: names read better side by side.
  first_names: ['陽菜', '翔太', '結衣', '大輔', '愛', '健太', '美穂', '直人', '彩', '誠',
    '優子', '拓也', '恵', '翼', '真由美', '亮', '千尋', '和也', '香織', '修'],
  // biome-ignore format: names read better side by side.
  last_names: ['伊藤', '渡辺', '中村', '加藤', '吉田', '山本', '佐々木', '山口', '松本', '井上',
    '木村', '林', '清水', '斎藤', '森'],
  // biome-ignore format: names read better side by side.
  pet_names: ['ムギ', 'ココ', 'モカ', 'ソラ', 'レオ', 'ハナ', 'チョコ', 'マロン', 'きなこ', 'ルナ',
    'ベル', 'もも', 'リン', 'クロ', 'ぽん太'],
  family_first: true,
  phone_start: '+81 90',
  known_owners: [
    { name: '山田 太郎', phone: '+81 90-1234-5678', pets: [['ムギ', 'dog']] },
    { name: '渡辺 さくら', phone: '+81 90-8765-4321', pets: [['ココ', 'cat']] },
  ],
};

const berlin: SeedClinic = {
  code: 'SPB',
  name: 'Tierklinik Spreebogen',
  city: 'Berlin',
  address: 'Alt-Moabit 90, 10559 Berlin',
  phone: '+49 30 5550 0124',
  email: 'hallo@spreebogen.example',
  time_zone: 'Europe/Berlin',
  currency: 'EUR',
  lang: 'en',
  tax_bp: 1_900,
  open_weekdays: [1, 2, 3, 4, 5, 6],
  staff: [
    ['Anna Vogel', 'Dr., veterinarian', 'Room 1'],
    ['Jonas Krüger', 'Dr., veterinarian', 'Room 2'],
    ['Mehmet Yılmaz', 'Dr., dentist', 'Dental room'],
    ['Greta Lange', 'Dr., surgeon', 'Theatre'],
    ['Lena Brandt', 'Groomer', 'Salon'],
  ],
  services: services(
    {
      checkup: ['Checkup', 'consultation'],
      vaccination: ['Vaccination', 'prevention'],
      dental: ['Dental care', 'dental'],
      grooming: ['Grooming class', 'grooming'],
      surgery: ['Surgery consult', 'surgery'],
    },
    { checkup: '48', vaccination: '35.5', dental: '129.9', grooming: '25', surgery: '85' },
  ),
  // biome-ignore format: names read better side by side.
  first_names: ['Emma', 'Ben', 'Mia', 'Paul', 'Lea', 'Finn', 'Clara', 'Noah', 'Ida', 'Luis',
    'Marie', 'Emil', 'Nele', 'Anton', 'Jana', 'Oskar', 'Lotte', 'Karl', 'Zoë', 'Jürgen'],
  // biome-ignore format: names read better side by side.
  last_names: ['Müller', 'Schmidt', 'Schneider', 'Fischer', 'Weber', 'Wagner', 'Becker', 'Schulz',
    'Hoffmann', 'Koch', 'Richter', 'Wolf', 'Neumann', 'Schwarz', 'Öztürk'],
  // biome-ignore format: names read better side by side.
  pet_names: ['Balu', 'Luna', 'Rocky', 'Amy', 'Sammy', 'Nala', 'Max', 'Kira', 'Lucky', 'Maya',
    'Felix', 'Minka', 'Simba', 'Mimi', 'Bärchen'],
  family_first: false,
  phone_start: '+49 151',
  known_owners: [
    { name: 'Clara Neumann', phone: '+49 151 2345 6789', pets: [['Balu', 'dog']] },
    { name: 'Jürgen Schwarz', phone: '+49 151 9876 5432', pets: [['Minka', 'cat']] },
  ],
};

export const seed_clinics: readonly SeedClinic[] = [jakarta, tokyo, berlin];

"""What the labelled texts are made of: names, sentences and numbers that the authors of the recogniser's lists did not write.

The names were put together for this test from what people in schools of many places are called. None was looked up in the lists.
"""

from __future__ import annotations

KNOWN_GIVEN = """
Ana Luis Guadalupe Jesús Concepción Xiomara Yesenia Itzel Joaquín Mateo Rocío Ximena
Priya Arjun Kavitha Lakshmi Siddharth Meera Rohan Ananya Harpreet Gurleen Tanvi Vikram
Wei Xiaoling Minh Thuy Linh Phuong Hyun-woo Ji-eun Sung Haruka Kenji Yuki Mei-Ling Duc
Fatima Ahmed Layla Omar Zainab Yusuf Khadija Ibrahim Noor Tariq Soraya Darius Shirin
Oluwaseun Chidinma Kwame Abena Thandiwe Sipho Amara Nnamdi Wanjiru Tendai Mamadou Aminata
Siobhán Niamh Aoife Seán Saoirse Ciarán Eoghan Gráinne Bríd
Zbigniew Małgorzata Katarzyna Svetlana Dmitri Oksana Bohdan Ljiljana Željko Nikolai
Grace Hope Will Mark Rose Joy Faith Dawn Rich Art Summer May Drew Chase Penny Miles
William Robert Elizabeth Katherine Margaret Michael Jennifer Christopher Patricia Daniel Rebecca Jonathan
Shaniqua DeAndre Latoya Jamal Keisha Tyrone Ebony Malik Imani Darnell Aaliyah Marquis
Leilani Keoni Makana Nāinoa Moana Tavita Sione Lupe
Winona Chayton Tallulah Kaya Ahanu
""".split()

KNOWN_FAMILY = """
Ruiz Ortega Peña Núñez Villanueva Echeverría Zúñiga Quiñones Castañeda Arévalo Montaño Ibarra
Raghunathan Venkataraman Chaudhary Bhattacharya Iyer Deshpande Gill Sandhu Mukherjee Rao
Nguyen Tran Pham Hoang Zhang Ouyang Huang Tanaka Yamaguchi Kobayashi Choi Kwon Park Lim
Al-Rashid Haddad Mansour Khoury Rahman Hosseini Farooqi Siddiqui Abdi Warsame
Okonkwo Adeyemi Mensah Boateng Dlamini Mbeki Diallo Traoré Kamau Ochieng Chukwu
O'Brien O'Sullivan McGillicuddy MacDonald Fitzgerald D'Angelo Gallagher Ó-Conaill
Kowalczyk Wiśniewska Łukasiewicz Petrović Novák Horvat Shevchenko Ivanova Björklund Sørensen Müller Größl
Young Long Day Price White Brown Green Hall Best Love Page Bell Field Banks Short Wise King Cook Hill Stone Wood
Smith Johnson Anderson Thompson Washington Jefferson Robinson Henderson Patterson Whitfield Vandermeer Castellanos
Kahananui Kealoha Tuiasosopo Fonoti Begay Yazzie Tsosie Whitehorse
Smith-Jones Ruiz-Ortega Nguyen-Tran
""".split()

UNSEEN_GIVEN = """
Beatriz Efraín Graciela Ignacio Maricela Nayeli Octavio Paloma Refugio Wenceslao
Aditi Bhavesh Charulata Devika Ishaan Jaspreet Nandini Parvathi Sunita Vivek
Anh Baozhen Dae-jung Eun-ji Hiroshi Jingyi Kazuko Nhung Shufen Tuyet
Abdullahi Bahar Dalia Faisal Ghada Hussein Jamila Karim Maryam Rashida
Adaeze Bongani Chinwe Efua Folasade Ifeoma Kofi Lindiwe Makena Nkechi Uchenna Zanele
Aisling Bartosz Cathal Dragana Ewa Fionnuala Grzegorz Ilse Jiří Ketevan Lucjan Oisín
Charity Crystal Daisy Ginger Heather Ivy Jasmine Lily Melody Olive Ruby Violet
Andrea Bradley Cynthia Douglas Edward Frances Gregory Hannah Isaac Jacqueline Kenneth Lauren Nathaniel Olivia Steven
Jaquan Kiana Lakeisha Monique Raheem Shanice Terrell Zuri Kealani Nahele
""".split()

UNSEEN_FAMILY = """
Aguirre Bustamante Cisneros Dávila Escobedo Fuentes Guzmán Hinojosa Jaramillo Lozano Madrigal
Agarwal Banerjee Chowdhury Dasgupta Gopalan Jayaraman Kulkarni Nambiar Parthasarathy Subramanian
Bui Dang Fujimoto Goh Hashimoto Jeong Kang Liang Matsumoto Nakagawa Seo Vuong Xu
Aziz Barzani Daneshvar Elmasry Ghorbani Jabari Nasser Osman Qureshi Sharifi
Achebe Bamidele Chukwuemeka Darko Eze Gueye Khumalo Mutasa Nkosi Owusu Sesay
Baranowski Czerwinski Dvořák Eriksson Gruber Halvorsen Jovanović Kuznetsov Lindqvist Nagy Ostrowska Popescu
Baker Carter Fisher Hunter Mason Porter Sawyer Turner Walker Weaver
Abernathy Blankenship Cunningham Delacroix Eisenhower Farnsworth Goldstein Hathaway Kirkpatrick Lancaster Montgomery
Kamakawiwoole Palakiko Manuelito Nez Blackhorse
""".split()

NICKNAMES = {
    "William": ("Bill", "Billy", "Will"),
    "Robert": ("Bob", "Bobby", "Rob"),
    "Elizabeth": ("Liz", "Beth", "Betty"),
    "Katherine": ("Kathy", "Kate", "Katie"),
    "Margaret": ("Peggy", "Maggie", "Meg"),
    "Michael": ("Mike", "Mikey"),
    "Jennifer": ("Jen", "Jenny"),
    "Christopher": ("Chris", "Topher"),
    "Patricia": ("Pat", "Patty", "Trish"),
    "Daniel": ("Dan", "Danny"),
    "Rebecca": ("Becky", "Becca"),
    "Jonathan": ("Jon", "Jonny"),
}
TITLES = ("Mr.", "Mrs.", "Ms.", "Dr.", "Miss", "Prof.", "Coach")

ABOUT_SOMEBODY = """
{who} was my mentor teacher and gave me feedback after every lesson.
My mentor, {who}, let me lead the class from the third week on.
I learned the most about classroom management from {who}.
I wish I had met with {who} more often during the first semester.
Thank you to {who} for being so patient with me!
The seminar with {who} was the highlight of my student teaching.
When I struggled with lesson planning, {who} sat down with me after school.
{who} and the fourth grade team made me feel welcome from day one.
I was observed by {who} four times, and each visit helped.
Please tell {who} that the reading groups worked out in the end.
I felt that {who} did not answer my emails in time.
One of my students, {who}, moved away in the middle of the unit.
Working with {who} on co-teaching strategies changed how I plan.
The expectations that {who} set were clear, and the rubric helped too.
I would recommend {who} to any future candidate.
Everything went well until {who} left the school in February.
It was hard to follow {who} because the pace was so fast.
Because of {who}, I now know how to run a morning meeting.
{who} should be thanked by the program.
I still talk to {who} about my first year of teaching.
At first I was nervous, but then {who} modeled a math lesson for us.
My supervisor was {who}.
The conversations between {who} and me were honest and useful.
I'd love to be placed with {who} again next spring.
Several parents told me that {who} had recommended my tutoring group.
""".strip().splitlines()

ABOUT_REACHING = """
You can reach me at {what} if you have any questions about this.
I would be glad to talk more, so write me: {what}
My contact is {what}, please follow up with me next week.
Send the materials to {what} when they are ready.
I never got an answer, although I left {what} with the front office twice.
For the record: {what}.
""".strip().splitlines()

ABOUT_NUMBERS = """
My records still show {what}, which is wrong and should be corrected.
The office asked me for {what} three times before the placement started.
Please correct my file ({what}) in the system.
I had to give them {what} every time that I signed in.
""".strip().splitlines()

ABOUT_HOME = """
The commute from {what} to the school took me more than an hour each way.
I moved to {what} in the middle of the semester, and nobody updated it.
Mail the certificate to {what}, please.
""".strip().splitlines()

ABOUT_BIRTH = """
I was born {what} and I am the oldest student in my cohort.
My birthday is {what}, and we celebrated it with the class.
It says {what} as my date of birth, and that is not correct.
""".strip().splitlines()

ABOUT_NOBODY = """
The program prepared me well for my first year of teaching.
I wish there had been more courses on classroom management and working with parents.
More time in the field, please. One semester of student teaching is not enough.
The edTPA took so much time that I could not focus on my students.
My mentor teacher was wonderful and gave me honest feedback every week.
I felt prepared to write lesson plans, but not to handle difficult behavior.
It would help to have more practice with IEPs and with English language learners.
The placement was far from campus, and gas is expensive.
I loved working with my second graders; they taught me more than any textbook.
Seminar was useful, although two hours on a Friday afternoon felt long.
Communication between the university and the school could be better.
We should be paid for student teaching. Many of us work nights to afford it.
The reading methods course was the best class I have taken so far.
I would like more training on technology such as Google Classroom and Canvas.
Math content was strong; science and social studies were rushed.
My cooperating teacher left me alone with the class a lot, which was scary but good practice.
Please offer the special education course in the spring as well as in the fall.
The supervisor visited four times and always left written comments.
I had 28 students, six of whom had 504 plans, and no aide until October.
Nothing to add. Thank you!
The school's principal was supportive and came to see two of my lessons.
I learned to be patient, to listen and to ask better questions.
Observations felt like an inspection at first, then like help.
The Praxis should be covered earlier, maybe in the sophomore year.
I did not feel that my culture was respected at my placement.
Grading took forever. I would have liked some guidance on rubrics and feedback.
Young teachers need mentors who have time for them.
Best part: the kids. Hardest part: the paperwork.
White boards, markers and paper were always missing.
Hope you will keep the summer institute!
Will there be more sections next year? They fill up on the first day.
Day to day support was great, long term planning less so.
May I suggest that we get our placements earlier?
Love the cohort model, it kept me going.
i think the program is good but the workload is too much in the last semester
it was great. i learned a lot about how kids think and how to plan for them
more money for student teachers please, it is hard to pay rent
too many forms and nobody answers emails in the summer
the professors care about us and that makes all the difference
I recieved my placment two weeks late, wich was stressful.
Overall a good experience, tho the commute was rough lol
Student Teaching Seminar should be before Student Teaching, not during.
My school used a new curriculum and nobody was trained on it, so we figured it out together.
I now feel confident about differentiating instruction, using data, and talking with families.
The grade level team met every Tuesday and planned together, which I found very helpful.
Substitute teaching while student teaching should be allowed and paid.
Not sure yet if I want to stay in teaching; the pay and the hours are a concern.
Sometimes the feedback I got from the university and from the school did not agree.
10/10 would do it again!
We need more candidates of color and more faculty of color.
""".strip().splitlines()
